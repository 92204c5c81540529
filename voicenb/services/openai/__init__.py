"""Any server that speaks OpenAI's speech API: one's own, in front of an open model, a gateway, or OpenAI itself.

*Stated* is what OpenAI's own description of the API says (https://github.com/openai/openai-openapi, ``CreateSpeechRequest``, seen
2026-11): ``POST /audio/speech`` with ``model``, ``input``, ``voice``, ``response_format``, ``speed``, ``instructions`` and
``stream_format``, the events of a stream, ``GET /models``, errors as ``{"error": {message, type, param, code}}``. *Learned* is what
open servers add to it, found in their code and documents: `docs/services.md` names each with its source. Nothing of that
breaks the client where a server differs.
"""

from voicenb.services.openai.requests import PreviewRequest, ProductionRequest
from voicenb.services.openai.service import OpenAi

__all__ = ["OpenAi", "PreviewRequest", "ProductionRequest"]

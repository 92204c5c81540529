"""Faseeh (Munsit): its whole contract, as its document states it and as it was learned.

Document: https://docs.munsit.com, "Create voice" (seen 2026-11): ``POST /voices/clone`` is *stated*; so are the base URL, the
preview's fields (its path is not), ``GET /models`` and which fields of speech are required. The rest is *learned* from newer pages
and the service's public clients and never breaks the client when the live service differs; what nobody states is marked
*assumed*. Its WebSocket, ``/websocket/text-to-speech``, is not used: ``streaming`` over HTTP gives the same sound as it is made.
"""

from voicenb.services.faseeh.requests import DIALECTS, MODELS, PreviewRequest, ProductionRequest, VoiceRequest
from voicenb.services.faseeh.service import Faseeh

__all__ = ["DIALECTS", "MODELS", "Faseeh", "PreviewRequest", "ProductionRequest", "VoiceRequest"]

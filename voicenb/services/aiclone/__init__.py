"""AI Clone Voice Free, version 2: its whole contract, as its document states it and as it was learned.

Document: https://aiclonevoicefree.com, AI Audio, "Voice Cloning" (seen 2026-11). What that page states is marked
*stated*; what its other pages and the model families behind it show is marked *learned* and never breaks the client
when the live service differs; what nobody states is marked *assumed*.
"""

from voicenb.services.aiclone.requests import MODELS, PreviewRequest, ProductionRequest
from voicenb.services.aiclone.service import AiClone

__all__ = ["MODELS", "AiClone", "PreviewRequest", "ProductionRequest"]

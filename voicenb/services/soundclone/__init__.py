"""SoundClone of Jimmy AI: its whole contract, as its documents state it and as it was learned.

Documents: https://docs.jimmyai.cn, pages SoundClone "Create Preview Task", "Create Audio Task" and "Query SoundClone
Task" (seen 2026-11). What those pages state is marked *stated*; what its other pages and public clients show is marked
*learned* and never breaks the client when the live service differs.
"""

from voicenb.services.soundclone.requests import DEFAULT_LINE, LANGUAGES, PreviewRequest, ProductionRequest
from voicenb.services.soundclone.service import SoundClone

__all__ = ["DEFAULT_LINE", "LANGUAGES", "PreviewRequest", "ProductionRequest", "SoundClone"]

"""`ComparePlayer` by the path that notebooks import it from; it lives in `voicenb.panels.players.compare`."""

from voicenb.panels.players.compare import ComparePlayer

__all__ = ["ComparePlayer"]

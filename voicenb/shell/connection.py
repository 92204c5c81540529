"""The studio that a command talks to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["connected"]


def connected(given: argparse.Namespace) -> Studio:
    """Return the studio that ``--service``, ``--sandbox`` and ``--budget`` name."""
    from voicenb.studio.connect import connect

    service = getattr(given, "service", None)
    return connect(
        service, sandbox=True if getattr(given, "sandbox", False) else None, budget=getattr(given, "budget", None)
    )

"""The studio that a command talks to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicenb.services.base import Service
    from voicenb.studio.studio import Studio

__all__ = ["connected", "rules"]


def connected(given: argparse.Namespace) -> Studio:
    """Return the studio that ``--service``, ``--sandbox`` and ``--budget`` name."""
    from voicenb.studio.connect import connect

    service = getattr(given, "service", None)
    return connect(
        service, sandbox=True if getattr(given, "sandbox", False) else None, budget=getattr(given, "budget", None)
    )


def rules(given: argparse.Namespace) -> Service:
    """Return the service that ``--service`` names without a key, for what it says about recordings: nothing can be sent.

    Raises:
        InvalidRequest: There is none of that name.
    """
    from voicenb import services
    from voicenb.base.keys import Secret
    from voicenb.services.http import Http

    kind = services.get(getattr(given, "service", None) or "soundclone")
    return kind(Http(kind.profile.id, kind.profile.base_url, Secret("")))

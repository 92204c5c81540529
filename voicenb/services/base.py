"""What a service is to the rest of voicenb: typed requests, rules, prices and four calls.

A new service is one module beside this one and one entry point in the group ``voicenb.services``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ReferenceRules"]


@dataclass(frozen=True, kw_only=True)
class ReferenceRules:
    """What a service takes as a reference.

    Attributes:
        service: The service's id.
        formats: Containers that its clone call takes, as lower-case suffixes without a dot, the preferred one first.
        upload_formats: Containers that its upload takes; empty where it has none.
        min_seconds: The spoken content must be longer than this (exclusive), or None.
        max_seconds: The spoken content must be shorter than this (exclusive), or None.
        max_bytes: The largest file that its upload takes, or None.
        url_rule: The rule for a URL in words, or None where the service takes no URL.
    """

    service: str
    formats: tuple[str, ...]
    upload_formats: tuple[str, ...] = ()
    min_seconds: float | None = None
    max_seconds: float | None = None
    max_bytes: int | None = None
    url_rule: str | None = None

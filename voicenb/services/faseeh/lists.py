"""Faseeh's lists of voices and models, and what it says of a voice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from voicenb.services.base import ServiceVoice

__all__ = ["DETAILS", "is_cost", "items_of", "listed_details", "plain_value", "voice_of"]


def items_of(body: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a bare array, or of one under a name."""
    if isinstance(body, dict):
        body = next((body[key] for key in (name, "data", "items", "list") if isinstance(body.get(key), list)), [])
    return [item for item in body if isinstance(item, dict)] if isinstance(body, list) else []


def is_cost(key: str) -> bool:
    """Whether a field of a model is its price per character."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()
    return words in {"cost", "price"} or (re.search("cost|price|credit", words) is not None and "char" in words)


DETAILS = (
    "id", "voice_id", "name", "description", "gender", "age", "languages", "dialect", "type", "sample_url", "avatar_url",
    "stability",
)  # fmt: skip
"""What the service says of a voice that it has made (stated)."""


def plain_value(value: Any, depth: int = 3) -> Any:
    """A value of an answer in JSON's own types, as the ledger keeps it; what is nested deeper than is documented is left out."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        # Half of a surrogate pair is no text that could be kept.
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [plain_value(one, depth - 1) for one in value] if depth else None
    if isinstance(value, dict):
        return {plain_value(name): plain_value(one, depth - 1) for name, one in value.items()} if depth else None
    return value


def listed_details(voice: ServiceVoice) -> dict[str, Any]:
    """The same of a voice that was found in its list, as far as that says it."""
    said = {
        "voice_id": voice.id,
        "name": voice.name,
        "description": voice.description,
        "gender": voice.gender,
        "age": voice.age,
        "languages": list(voice.languages),
        "dialect": list(voice.dialects),
        "type": voice.kind,
        "sample_url": voice.sample_url,
    }
    return {name: said.get(name) or None for name in DETAILS if name in said}


def voice_of(item: Mapping[str, Any]) -> ServiceVoice | None:
    """A voice of a list, or None where it has no id."""

    def text(*names: str) -> str:
        return next((item[name] for name in names if isinstance(item.get(name), str)), "")

    def several(*names: str) -> tuple[str, ...]:
        # The request says `dialects`, the answer `dialect`.
        value = next((item[name] for name in names if item.get(name)), ())
        parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
        return tuple(str(part).strip() for part in parts)

    voice = text("voice_id", "id")
    if not voice:
        return None
    return ServiceVoice(
        id=voice,
        name=text("name", "voice_name") or voice,
        kind=text("type", "category"),
        gender=text("gender"),
        age=text("age"),
        description=text("description"),
        languages=several("languages", "language"),
        dialects=several("dialects", "dialect"),
        sample_url=text("sample_url") or None,
    )

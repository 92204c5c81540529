"""Faseeh's ready-made voices: ids as public clients name them, each with a voice that the engine designs from words.

Learned: the ids of the Arabic voices, and that their type is ``neural``. Assumed: the English ones, the names, and how each sounds; the
built-in voice knows no dialects.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

__all__ = ["READY", "ReadyVoice"]


@dataclass(frozen=True)
class ReadyVoice:
    """A voice that every account has; `manner` is how the engine is asked for it."""

    voice_id: str
    name: str
    gender: str
    age: str
    language: str
    dialect: str | None
    manner: str

    def described(self) -> dict[str, Any]:
        """The voice as the service lists it."""
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, self.voice_id)),
            "voice_id": self.voice_id,
            "name": self.name,
            "description": f"A voice of the sandbox: {self.manner}.",
            "gender": self.gender,
            "age": self.age,
            "languages": [self.language],
            "dialect": [] if self.dialect is None else [self.dialect],
            "type": "neural",
            "sample_url": None,
            "avatar_url": None,
            "stability": 0.5,
        }


READY: dict[str, ReadyVoice] = {
    voice.voice_id: voice
    for voice in (
        ReadyVoice("ar-hijazi-female-1", "Lama", "female", "young", "ar", "hijazi", "young female, warm"),
        ReadyVoice("ar-hijazi-female-2", "Hala", "female", "young", "ar", "hijazi", "young female, bright, high pitch"),
        ReadyVoice("ar-najdi-female-1", "Maha", "female", "middle", "ar", "najdi", "middle-aged female, calm"),
        ReadyVoice("ar-najdi-male-1", "Saad", "male", "middle", "ar", "najdi", "middle-aged male, warm"),
        ReadyVoice("ar-najdi-male-2", "Fahad", "male", "young", "ar", "najdi", "young male, lively"),
        ReadyVoice("ar-kuwaiti-male-1", "Hamad", "male", "young", "ar", "kuwaiti", "young male, low pitch"),
        ReadyVoice("en-female-1", "Grace", "female", "young", "en", None, "young female"),
        ReadyVoice("en-female-2", "Edith", "female", "elderly", "en", None, "elderly female, soft"),
        ReadyVoice("en-male-1", "Owen", "male", "young", "en", None, "young male, bright"),
        ReadyVoice("en-male-2", "Walter", "male", "elderly", "en", None, "elderly male, low pitch"),
    )
}
"""By voice_id, in the order of ``GET /voices``."""

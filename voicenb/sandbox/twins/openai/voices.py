"""The voices that the server has by name: OpenAI's names, each with a voice that the engine designs from words (assumed)."""

from __future__ import annotations

__all__ = ["READY"]

READY = {
    "alloy": "young female",
    "ash": "young male, warm",
    "ballad": "young male, soft",
    "coral": "young female, bright",
    "echo": "middle-aged male",
    "fable": "middle-aged male, bright",
    "onyx": "middle-aged male, low pitch",
    "nova": "young female, lively",
    "sage": "middle-aged female, calm",
    "shimmer": "young female, soft",
    "verse": "young male, lively",
    "marin": "young female, warm",
    "cedar": "elderly male, warm",
}
"""How the engine is asked for each."""

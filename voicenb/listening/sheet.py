"""What a listener's page is told: everything but what the sounds are."""

from __future__ import annotations

from typing import Any

from voicenb.listening.design import Design, Trial
from voicenb.listening.kinds import KINDS

__all__ = ["SHEET", "sheet_of"]

SHEET = "voicenb-listening-1"
"""The form of a sheet."""


def sheet_of(design: Design, test: str, design_hash: str) -> dict[str, Any]:
    """The sheet of a test: a JSON object.

    Args:
        design: The test's design.
        test: The test's id.
        design_hash: The hash of its design.
    """
    scale = KINDS[design.kind].scale
    return {
        "format": SHEET,
        "id": test,
        "hash": design_hash,
        "kind": design.kind,
        "title": design.title,
        "question": design.question,
        "attribute": design.attribute,
        "lang": "en",
        "scale": None if scale is None else scale.to_json(),
        "tie": design.tie and design.kind == "ab",
        "reference": design.kind == "mushra",
        "headphones": design.headphones,
        "rate": design.rate,
        "trials": {one.id: _trial(one, design.rate) for one in sorted(design.trials, key=lambda one: one.id)},
        "training": [one.id for one in design.trials if one.role == "training"],
        "orders": [[[trial, list(sounds)] for trial, sounds in row] for row in design.orders],
    }


def _trial(trial: Trial, rate: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "text": trial.text,
        "lang": None,
        # By name: their order in the design says what they are.
        "sounds": sorted(one.sound for one in trial.places),
        "seconds": round(trial.frames / rate, 3),
    }
    if trial.x is not None:
        found["x"] = trial.x.sound
    if trial.reference is not None:
        found["reference"] = trial.reference.sound
    return found

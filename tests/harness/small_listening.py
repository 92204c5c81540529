"""A small listening test of each kind, with the face that pages and widgets know: noise and tones, votes in one file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from voicenb.audio.codec import encode

RATE = 24_000
SECONDS = 1.2
KINDS = ("abx", "ab", "acr", "cmos", "multi", "mushra")
TEXTS = [
    ("Welcome home, my friend.", "en"),
    ("أهلا بك في البيت يا صديقي.", "ar"),
    ("The boat leaves <at> seven & waits.", "en"),
]
QUESTIONS = {
    "abx": "Which is X?",
    "ab": "Which sounds more natural?",
    "acr": "How natural is it?",
    "cmos": "How natural is B, compared with A?",
    "multi": "How natural is each sound?",
    "mushra": "How close is each sound to the reference?",
}
SCALES = {
    "acr": {"low": 1, "high": 5, "step": 1, "labels": [[1, "Bad"], [2, "Poor"], [3, "Fair"], [4, "Good"], [5, "Excellent"]]},
    "cmos": {
        "low": -3, "high": 3, "step": 1,
        "labels": [[-3, "Much worse"], [-2, "Worse"], [-1, "Slightly worse"], [0, "About the same"], [1, "Slightly better"],
                   [2, "Better"], [3, "Much better"]],
    },
    "multi": {"low": 0, "high": 100, "step": 1, "labels": [[0, "Bad"], [25, "Poor"], [50, "Fair"], [75, "Good"], [100, "Excellent"]]},
}  # fmt: skip
SCALES["mushra"] = SCALES["multi"]


class SmallTest:
    """Three trials of a kind, and for mushra one of practice; two orders.

    Args:
        kind: One of `KINDS`.
        file: Where votes are kept, so that another process finds them; None for in memory alone.
        extra: Fields that a sheet does not have.
    """

    def __init__(
        self, kind, file=None, *, rate=RATE, seconds=SECONDS, headphones=False, title="Noise & <tones>", **extra
    ):
        self.kind, self.rate, self.seconds = kind, rate, seconds
        self._file = Path(file) if file else None
        self._kept = {}
        each = {"abx": 2, "ab": 2, "acr": 1, "cmos": 2, "multi": 3, "mushra": 4}[kind]
        practice = ["k0aa"] if kind == "mushra" else []
        self.trials = {}
        for number, name in enumerate([*practice, "k1aa", "k2bb", "k3cc"]):
            text, lang = TEXTS[number % 3]
            one = {
                "text": text,
                "lang": lang,
                "sounds": [f"q{number}{place}" for place in range(each)],
                "seconds": seconds,
            }
            one |= {"x": f"z{number}"} if kind == "abx" else {}
            one |= {"reference": f"r{number}"} if kind == "mushra" else {}
            self.trials[name] = one
        scored = [name for name in self.trials if name not in practice]
        orders = [[[name, self.trials[name]["sounds"]] for name in scored]]
        orders.append([[name, sounds[::-1]] for name, sounds in orders[0][::-1]])
        self._sheet = {
            "format": "voicenb-listening-1", "id": f"t_8f00{kind}", "hash": hashlib.sha256(kind.encode()).hexdigest(),
            "kind": kind, "title": title, "question": QUESTIONS[kind],
            "attribute": None if kind == "abx" else "naturalness", "lang": "en", "scale": SCALES.get(kind), "tie": True,
            "reference": kind == "mushra", "headphones": headphones, "rate": rate, "trials": self.trials,
            "training": practice, "orders": orders, **extra,
        }  # fmt: skip

    def sheet(self):
        return self._sheet

    def samples(self, trial, sound):
        """Noise that says by each of its samples which sound it is, and where it stands."""
        if sound not in {
            *self.trials[trial]["sounds"],
            self.trials[trial].get("x"),
            self.trials[trial].get("reference"),
        }:
            raise LookupError(f"There is no sound {sound!r} in the trial {trial!r}.")
        seed = int.from_bytes(hashlib.sha256(f"{trial} {sound}".encode()).digest()[:4], "big")
        noise = np.random.default_rng(seed).standard_normal(round(self.seconds * self.rate))
        return (0.1 * np.clip(noise, -3, 3)).astype(np.float32)

    def sound(self, trial, sound):
        return encode(self.samples(trial, sound), self.rate, "wav")

    def _read(self):
        return json.loads(self._file.read_text("utf-8")) if self._file and self._file.exists() else self._kept

    def votes_of(self, listener):
        return self._read().get(listener, {}).get("votes", [])

    def keep(self, listener, row, vote):
        kept = self._read()
        mine = kept.setdefault(listener, {"row": row, "votes": [], "finished": False})
        mine["votes"] = [one for one in mine["votes"] if one["trial"] != vote["trial"]] + [vote]
        self._write(kept)

    def row_of(self, listener):
        return self._read().get(listener, {}).get("row", 0)

    def finish(self, listener):
        kept = self._read()
        kept[listener]["finished"] = True
        self._write(kept)

    def _write(self, kept):
        self._kept = kept
        if self._file:
            self._file.write_text(json.dumps(kept), "utf-8")

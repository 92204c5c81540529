"""The English front end: hibari-tts, its prosody taken in hand.

hibari's model is cut where durations, F0 and energy pass (see `onnx_graph`). Durations are read at a sixteenth of the speed,
where rounding to 25 ms no longer matters, scaled, and rounded again with the error carried on; F0 is changed before the
decoder, whose phases follow it, as far as the decoder stays clear, and by WORLD beyond.
"""

from __future__ import annotations

import hashlib
import json
import re
from difflib import SequenceMatcher
from functools import cached_property
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import FRAME, HOP, NEPER, RATE, FloatArray
from voicenb.sandbox.engine.acoustics.vocoder import revoiced
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.front_ends.onnx_graph import FLOAT, INT64, Tensor, subgraph
from voicenb.sandbox.engine.prosody.melody import moved
from voicenb.sandbox.engine.prosody.utterance import Register, Utterance, Word
from voicenb.sandbox.engine.text.segmentation import words as find_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.prosody import Prosody

__all__ = ["English"]

_SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"
_DURATIONS, _F0, _ENERGY = "/Clip_output_0", "f0", "/Mul_62_output_0"
_CUTS = {"/Relu": {_F0: "f0_in"}, "/Unsqueeze_161": {_ENERGY: "energy_in"}, "/Cast_32": {_DURATIONS: "durations_in"}}
_SPECTRA = ("lh", "theta", "ln", "lr", "phi")
"""The decoder's outputs, as `hibari.dsp.synth` takes them: log magnitude and phase of the harmonics, log magnitude of the
noise, log magnitude and phase of the free branch."""

_UNIT = 2
"""Frames (12.5 ms) in the model's unit of duration."""
_FINE = 16
"""How many times slower durations are read, to see their fractions."""
_VOICED = 40.0
"""Hz; below, hibari means unvoiced."""
_CLEAR = (-1.5, 1.5)
"""Semitones around the voice's own pitch where its decoder gives a clear voice. Further down its free-phase branch drowns the
pulses in hoarseness; WORLD takes it from there."""
_LEAD = 0.05
"""Seconds kept before the first phoneme, and at least after the last, at speed 1."""
_SILENT = -3.0
"""The energy track's value below which a frame is silence, whatever the effort."""
_HUGE = re.compile(r"\d{16,}")


class _Plan(NamedTuple):
    ids: npt.NDArray[np.int64]
    durations: FloatArray
    """Per id, in units of 25 ms, fractions kept."""
    owners: list[tuple[int, int, int, int]]
    """Per word: its offsets, and its first and last id."""


class English:
    """hibari's voice "heart": American English, female. One thread at a time."""

    name = "hibari"

    def __init__(self) -> None:
        try:
            import hibari  # noqa: F401
            import onnxruntime
        except ImportError:
            raise EngineError(
                "the sandbox's English voice is not installed: pip install 'voicenb[lab]'",
            ) from None
        model = files("hibari").joinpath("assets", "hibari.onnx").read_bytes()
        if hashlib.sha256(model).hexdigest() != _SHA256:
            raise EngineError("the sandbox's English voice needs hibari-tts 0.2.1, exactly: pip install 'voicenb[lab]'")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3

        def session(inputs: list[Tensor], outputs: list[Tensor]) -> Any:
            part = subgraph(model, inputs, outputs, _CUTS)
            return onnxruntime.InferenceSession(part, options, providers=["CPUExecutionProvider"])

        ids = Tensor("ids", INT64, ("one", "phonemes"))
        speed = Tensor("speed", FLOAT, ("single",))
        durations = Tensor("durations_in", FLOAT, ("phonemes",))
        track = ("one", "frames")
        self._prosody = session(
            [ids, speed, durations],
            [Tensor(_DURATIONS, FLOAT, ("phonemes",)), Tensor(_F0, FLOAT, track), Tensor(_ENERGY, FLOAT, track)],
        )
        self._decoder = session(
            [ids, durations, Tensor("f0_in", FLOAT, track), Tensor("energy_in", FLOAT, track)],
            [Tensor(name, FLOAT, ("one", "bins", "frames")) for name in _SPECTRA],
        )
        self._vocabulary: dict[str, int] = json.loads(
            files("hibari").joinpath("assets", "vocab.json").read_text(encoding="utf-8")
        )
        self._marks = frozenset(self._vocabulary[mark] for mark in ",.;:!?—…")

    @cached_property
    def _g2p(self) -> Any:
        from hibari.g2p import G2P

        return G2P()

    def register(self) -> Register:
        """The pitch of the voice "heart", measured over the source sentences."""
        return Register(5.24, 0.146, 0.294)

    def speak(self, text: str, prosody: Prosody, target: Register | None, seed: int) -> Utterance:
        """See `FrontEnd.speak`."""
        from hibari import dsp

        plan = self._plan(text)
        durations, scale = _timed(plan, prosody, self._marks)
        whole = _diffused(durations)
        own, energy = self._tracks(plan.ids, whole)
        voiced = own > _VOICED
        sounds = np.repeat(np.arange(len(whole)), (whole * _UNIT).astype(int))
        wanted = moved(np.where(voiced, own, 0.0), prosody, self.register(), target, sounds)
        f0 = self._reachable(wanted)
        effort = np.full(len(own), prosody.energy)
        if prosody.variation is not None:
            effort = effort + prosody.variation.efforts(len(whole))[sounds]
        energy = np.where(energy > _SILENT, energy + effort, energy)
        spectra = self._spectra(plan.ids, whole, np.where(voiced, f0, own), energy)
        if prosody.tilt:
            _tilt(spectra, prosody.tilt)
        if prosody.whisper:
            _whisper(spectra)
            f0 = wanted = np.zeros_like(own)
        wave = dsp.synth(*spectra, f0, np.random.default_rng(seed))
        if f0 is not wanted:
            wave = revoiced(wave, f0, wanted)
        edges = np.concatenate([[0], np.cumsum(whole)]) * (_UNIT * FRAME)
        lead = _LEAD * scale
        start = max(0.0, edges[1] - lead)
        # What the voice says of the length is the planned, not the rounded, sum: so that half the speed is twice as long.
        length = lead * 2 + durations[1:-1].sum() * _UNIT * FRAME
        spoken = [Word(begin, end, edges[first], edges[last + 1]) for begin, end, first, last in plan.owners]
        return Utterance(
            wave=np.asarray(wave, np.float32),
            f0=wanted,
            voiced=voiced,
            start=start,
            length=length,
            words=spoken,
        )

    def _reachable(self, f0: FloatArray) -> FloatArray:
        """F0 moved, as a whole, to where the model's voice is still clear; the same array where it already is."""
        voiced = f0 > 0
        if not voiced.any():
            return f0
        median = np.median(np.log(f0[voiced]))
        low, high = (self.register().median + semitones * np.log(2) / 12 for semitones in _CLEAR)
        return f0 if low <= median <= high else f0 * np.exp(np.clip(median, low, high) - median)

    def _plan(self, text: str) -> _Plan:
        from hibari.g2p.normalize import normalize

        # hibari reads [word](/phonemes/) as a command, and has no names for numbers of more than fifteen digits.
        escaped = _HUGE.sub(lambda digits: " ".join(digits.group()), text.replace("](", "] ("))
        plain = normalize(escaped)
        tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(plain))
        ids, owners = [0], [-1]
        for number, token in enumerate(tokens):
            for symbol in (token.phonemes or "") + (" " if token.whitespace else ""):
                if symbol in self._vocabulary:
                    ids.append(self._vocabulary[symbol])
                    owners.append(number)
        while len(ids) > 1 and ids[-1] == self._vocabulary[" "]:
            del ids[-1], owners[-1]
        if len(ids) < 2:
            raise EngineError(f"these words cannot be spoken in English: {text!r}")
        ids.append(0)
        owners.append(-1)
        spans = _aligned(text, [(token.text, bool(token.whitespace)) for token in tokens])
        silent = self._marks | {self._vocabulary[" "], *(self._vocabulary[mark] for mark in '"()“”')}
        placed, mute = [], []
        for begin, end, first, last in spans:
            mine = [at for at, owner in enumerate(owners) if first <= owner <= last and ids[at] not in silent]
            if mine:
                placed.append((begin, end, mine[0], mine[-1]))
            elif not self._g2p(text[begin:end]):
                mute.append(text[begin:end])
        if mute:
            raise EngineError(f"these words cannot be spoken in English: {' '.join(mute)}")
        vector = np.asarray(ids, np.int64)
        return _Plan(vector, self._durations(vector), placed)

    def _durations(self, ids: npt.NDArray[np.int64]) -> FloatArray:
        feed = {
            "ids": ids[None],
            "speed": np.full(1, 1 / _FINE, np.float32),
            "durations_in": np.ones(len(ids), np.float32),
        }
        return np.asarray(self._prosody.run([_DURATIONS], feed)[0], np.float64) / _FINE

    def _tracks(self, ids: npt.NDArray[np.int64], durations: FloatArray) -> tuple[FloatArray, FloatArray]:
        feed = {"ids": ids[None], "speed": np.ones(1, np.float32), "durations_in": durations.astype(np.float32)}
        f0, energy = self._prosody.run([_F0, _ENERGY], feed)
        return f0[0].astype(np.float64), energy[0].astype(np.float64)

    def _spectra(
        self, ids: npt.NDArray[np.int64], durations: FloatArray, f0: FloatArray, energy: FloatArray
    ) -> list[npt.NDArray[np.float32]]:
        feed = {
            "ids": ids[None],
            "durations_in": durations.astype(np.float32),
            "f0_in": f0[None].astype(np.float32),
            "energy_in": energy[None].astype(np.float32),
        }
        return [output[0] for output in self._decoder.run(list(_SPECTRA), feed)]


def _timed(plan: _Plan, prosody: Prosody, marks: frozenset[int]) -> tuple[FloatArray, float]:
    scale = 1 / prosody.rate
    pauses = np.asarray([prosody.pause if symbol in marks else 1.0 for symbol in plan.ids])
    durations = plan.durations * pauses * scale
    if prosody.variation is not None:
        durations = durations * prosody.variation.durations(len(durations))
    return durations, scale


def _diffused(durations: FloatArray) -> FloatArray:
    """Whole units, at least one each, whose running sum stays at that of the fractions."""
    whole = np.empty_like(durations)
    total = 0.0
    for at, wanted in enumerate(np.cumsum(durations)):
        whole[at] = max(1.0, round(wanted - total))
        total += whole[at]
    return whole


def _tilt(spectra: list[npt.NDArray[np.float32]], tilt: float) -> None:
    bins = np.arange(len(spectra[0])) * (RATE / (4 * HOP))
    gain = (tilt / NEPER * np.log2(np.maximum(bins, 300) / 1000))[:, None].astype(np.float32)
    for magnitude in (0, 2, 3):
        spectra[magnitude] = spectra[magnitude] + gain


def _whisper(spectra: list[npt.NDArray[np.float32]]) -> None:
    """Breath in place of the voice: the noise takes the harmonics' shape, and they fall by 78 dB."""
    harmonic, _, noise, free, _ = spectra
    spectra[2] = np.logaddexp(noise, np.logaddexp(harmonic, free) - 0.2)
    spectra[0], spectra[3] = harmonic - 9, free - 9


def _aligned(text: str, tokens: list[tuple[str, bool]]) -> list[tuple[int, int, int, int]]:
    """Which tokens each word of a text became.

    Tokens are those of the normalised text ("12.50" may be four), so the words of both are matched as sequences, and a
    stretch that differs is shared out by length.

    Args:
        text: The text as given.
        tokens: The normalised tokens, each with whether a space follows it.

    Returns:
        Per word its offsets in the text, and its first and last token.
    """
    groups: list[list[int]] = [[]]
    for number, (_, space) in enumerate(tokens):
        groups[-1].append(number)
        if space:
            groups.append([])
    groups = [group for group in groups if group]
    said = ["".join(tokens[number][0] for number in group).casefold() for group in groups]
    spans = find_words(text)
    given = [text[begin:end].casefold() for begin, end in spans]
    found = []
    for kind, low, high, low_said, high_said in SequenceMatcher(None, given, said, autojunk=False).get_opcodes():
        if kind == "equal":
            for step in range(high - low):
                group = groups[low_said + step]
                found.append((*spans[low + step], group[0], group[-1]))
        elif high > low and high_said > low_said:
            stretch = [number for group in groups[low_said:high_said] for number in group]
            sizes = np.cumsum([0, *(len(word) for word in given[low:high])])
            edges = np.round(sizes / sizes[-1] * len(stretch)).astype(int)
            for step, (first, last) in enumerate(pairwise(edges)):
                if last > first:
                    found.append((*spans[low + step], stretch[first], stretch[last - 1]))
    return found

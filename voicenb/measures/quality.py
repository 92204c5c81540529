"""What a network that was trained on listeners' scores says of a sound's quality: DNSMOS, of the extra ``mos``."""

from __future__ import annotations

from importlib.util import find_spec
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from voicenb.errors import InvalidRequest
from voicenb.measures.frames import at_analysis_rate
from voicenb.measures.installed import file_in, loaded_once
from voicenb.measures.loudness import loudness

__all__ = ["Mos", "model_path", "mos"]

_LOUDNESS = -23.0
# The network's input, as its authors cut it: 9.01 s, one more every second.
_SECONDS = 9.01
# From what the network gives to scores of listeners, highest power first; of signal, background and overall.
_POLYNOMIALS = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)


class Mos(NamedTuple):
    """Estimated mean opinion scores after ITU-T P.835, from 1 (bad) to 5 (excellent); NaN for what is silent.

    Attributes:
        signal: Of the speech itself.
        background: Of what sounds behind it; 5 is not noticed.
        overall: Of both.
    """

    signal: float
    background: float
    overall: float


def model_path() -> Path | None:
    """The network's file in the package speechmos, which is not imported; None where it or onnxruntime is not installed."""
    return file_in("speechmos", "dnsmos_models", "sig_bak_ovr.onnx") if find_spec("onnxruntime") is not None else None


def mos(samples: npt.ArrayLike, rate: int) -> Mos:
    """The scores of a sound, brought to −23 LUFS and 16 kHz first: the network's scores depend on level.

    What is shorter than 9.01 s is repeated until it is as long; of longer sound, windows at whole seconds are averaged. Clean speech
    gets 3.3 overall and not 5: compare a score with that of another recording, never with the scale.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.

    Raises:
        InvalidRequest: The packages are not installed.

    Source: C. K. A. Reddy, V. Gopal and R. Cutler, "DNSMOS P.835: a non-intrusive perceptual objective speech quality metric to evaluate noise
    suppressors", ICASSP 2022; network, windows and polynomials are those of its authors' program.
    """
    path = model_path()
    if path is None:
        raise InvalidRequest("the network is not installed: pip install 'voicenb[mos]'")
    sound, rate = at_analysis_rate(samples, rate)
    level = loudness(sound, rate)
    if not np.isfinite(level):
        return Mos(nan, nan, nan)
    sound = (sound * 10 ** ((_LOUDNESS - level) / 20)).astype(np.float32)
    length = int(_SECONDS * rate)
    while len(sound) < length:
        sound = np.concatenate([sound, sound])
    count = int(len(sound) // rate - _SECONDS) + 1
    session = _session(path)
    raw = np.array(
        [session.run(None, {"input_1": sound[at * rate : at * rate + length][None]})[0][0] for at in range(count)],
        dtype=np.float64,
    )
    return Mos(*(float(np.polyval(one, raw[:, place]).mean()) for place, one in enumerate(_POLYNOMIALS)))


@loaded_once
def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # The sum of several threads' parts would have other bits on another machine.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

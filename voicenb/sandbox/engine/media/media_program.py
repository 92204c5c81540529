"""Reads what libsndfile does not know with FFmpeg's libraries: `python -P media_program.py FILE SECONDS FOLDER`.

A process of its own, which a damaged file may crash or fill without harm to the engine. Standard output gets a line of JSON
(`rate`, `channels`; or `error`) and then interleaved float32 samples.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import IO, Any

_MEMORY = 1_400 * 2**20
_SECONDS = 25
_CHANNELS = 64
_RATES = (1000, 768_000)
_MOST = 2**26
_SILENT = 2e-4
# Containers with a signature; a playlist would open other files.
_KNOWN = "mov,matroska,avi,flv,asf,mpegts,mpeg,wav,w64,aiff,au,caf,flac,ogg,amr,mp3,aac,rm,wv,ape,tta,ac3,eac3"


def _track(container: Any, stream: Any, seconds: float) -> tuple[Any, int, int] | None:
    """The samples of a track, their rate and channels; None where there are none. The first form that it has is what is read."""
    import av
    import numpy as np

    parts: list[Any] = []
    form: Any = None
    resampler: Any = None
    count, failed = 0, 0
    packets = container.demux(stream)
    while failed < 1000:
        try:
            frames = next(packets).decode()
        except (StopIteration, EOFError):
            break
        except av.FFmpegError:
            failed += 1
            continue
        for frame in frames:
            found = (frame.format.name, frame.layout.name, frame.layout.nb_channels, frame.sample_rate)
            if form is None:
                if not (1 <= found[2] <= _CHANNELS and _RATES[0] <= found[3] <= _RATES[1]):
                    raise ValueError(f"{found[2]} channels at {found[3]} Hz")
                form = found
                # Packed: PyAV counts the planes of eight and more channels beyond their end.
                resampler = av.AudioResampler(format="flt", layout=found[1], rate=found[3])
            if found[2:] != form[2:]:
                continue
            try:
                parts += [made.to_ndarray().reshape(-1) for made in resampler.resample(frame)]
            except (av.FFmpegError, ValueError):
                failed += 1
                continue
            count = sum(map(len, parts[-1:])) + count
        if form is not None and (count >= seconds * form[2] * form[3] or count >= _MOST):
            break
    if form is None or not parts:
        return None
    return np.concatenate(parts), form[3], form[2]


def _read(path: str, seconds: float, out: IO[bytes]) -> None:
    import av
    import numpy as np

    options = {"format_whitelist": _KNOWN, "protocol_whitelist": "file"}
    with av.open(path, options=options, metadata_errors="ignore") as container:
        # A track without a decoder (a phone's spatial sound) stands beside the usual one.
        known = [stream for stream in container.streams.audio if stream.codec_context is not None]
        streams = sorted(known, key=lambda one: (not one.disposition & 1, one.index))[:16]
        if not streams:
            raise ValueError("the file holds no audio track that can be decoded")
        taken = None
        for number, stream in enumerate(streams):
            if number:
                with suppress(av.FFmpegError):
                    container.seek(0)
            found = _track(container, stream, seconds)
            if found is not None and np.nan_to_num(np.abs(found[0])).max() >= _SILENT:
                taken = found
                break
            taken = taken or found
        if taken is None:
            raise ValueError("none of it can be decoded")
    samples, rate, channels = taken
    out.write(json.dumps({"rate": rate, "channels": channels}).encode() + b"\n")
    out.write(np.asarray(samples, "<f4").tobytes())


def main() -> None:
    """Read the file that the command line names."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Behind everything else: a folder of packages.
    sys.path.append(sys.argv[3])
    try:
        _read(sys.argv[1], float(sys.argv[2]), out)
    except BaseException as error:  # noqa: BLE001 - whatever a damaged file brings about is said
        said = str(getattr(error, "strerror", None) or error) or type(error).__name__
        with suppress(OSError):
            out.write(json.dumps({"error": said[:300]}).encode() + b"\n")
    with suppress(OSError):
        out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

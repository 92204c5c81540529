"""Reads media files with PyAV in a process of its own: `python -P media_program.py FOLDER DEMUXER SIZE [SIZE …]`.

The files, of these sizes in bytes, come on standard input, one behind the other; standard output gets a `HEAD` and its bytes, again and
again: ``B`` is a block of interleaved float32 samples, ``T`` the end of a track, ``E`` the end of a file; the last two are JSON. It runs as a program, without voicenb: what
FFmpeg does to a damaged file (a crash, gigabytes, minutes) happens here and not in a kernel.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
from contextlib import suppress
from typing import IO, Any

__all__ = ["HEAD"]

HEAD = struct.Struct("<cIII")
"""Kind, rate in Hz, channels, bytes that follow."""

_MEMORY = 1_400 * 2**20
_SECONDS = 25
_CHANNELS = 64
_RATES = (1000, 768_000)
_TRACKS = 16
# Below this a track counts as silent: −74 dBFS.
_SILENT = 2e-4
_SIGNED = (
    "mov,matroska,avi,flv,asf,mpegts,mpeg,wav,w64,aiff,au,caf,flac,ogg,amr,rm,wv,ape,tta,dsf,voc,ac3,eac3,tak,mpc,mpc8"
)


class _RefusedError(Exception):
    """The file is not read; the message says why."""


def _blocks(container: Any, stream: Any, lost: list[str]) -> Any:
    """Packed samples with their rate and channels, frame by frame; damaged packets are left out and counted."""
    import av
    import numpy as np

    known: Any = None
    resampler: Any = None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            return
        except av.FFmpegError as error:
            lost.append(str(error.strerror))
            # A demuxer that cannot go on says so for ever.
            if len(lost) > 1000 or isinstance(error, EOFError):
                return
            continue
        for frame in frames:
            channels, rate = frame.layout.nb_channels, frame.sample_rate
            if not 1 <= channels <= _CHANNELS:
                raise _RefusedError(f"its track has {channels} channels; {_CHANNELS} at most are read")
            if not _RATES[0] <= rate <= _RATES[1]:
                raise _RefusedError(f"its track says {rate} Hz; {_RATES[0]:,} to {_RATES[1]:,} Hz are read")
            form = (frame.format.name, frame.layout.name, channels, rate)
            try:
                if form != known:
                    # Packed, never planar: PyAV counts the planes of eight and more channels beyond their end.
                    known, resampler = form, av.AudioResampler(format="flt")
                for made in resampler.resample(frame):
                    yield np.ascontiguousarray(made.to_ndarray(), np.float32).reshape(-1), rate, channels
            except (av.FFmpegError, ValueError) as error:
                lost.append(str(error))
                known = None
                if len(lost) > 1000:
                    return


def _read(data: bytes, demuxer: str, out: IO[bytes]) -> None:
    import av
    import numpy as np

    options = {"protocol_whitelist": "file"}
    if not demuxer:
        options["format_whitelist"] = _SIGNED
    with av.open(
        io.BytesIO(data), mode="r", format=demuxer or None, options=options, metadata_errors="ignore"
    ) as container:
        tracks = list(container.streams.audio)[:_TRACKS]
        if not tracks:
            raise _RefusedError("it has no sound track")
        marked = [track for track in tracks if getattr(track, "disposition", 0) & 1]
        # A phone's spatial sound stands beside the usual track, and has no decoder.
        known = [track for track in tracks if track.codec_context is not None]
        if not known:
            raise _RefusedError("there is no decoder for its sound")
        order = sorted(known, key=lambda track: (track not in marked, track.index))
        for number, track in enumerate(order):
            if number:
                with suppress(av.FFmpegError):
                    container.seek(0)
            lost: list[str] = []
            peak, some = 0.0, False
            for block, rate, channels in _blocks(container, track, lost):
                some = True
                peak = max(peak, float(np.nan_to_num(np.abs(block)).max(initial=0.0)))
                out.write(HEAD.pack(b"B", rate, channels, block.nbytes))
                out.write(block)
            facts = {
                "place": tracks.index(track) + 1,
                "tracks": len(tracks),
                "default": track in marked,
                "silent": peak < _SILENT,
                "lost": len(lost),
                "reason": lost[0] if lost else "",
                "some": some,
            }
            _write_message(out, b"T", facts)
            if peak >= _SILENT:
                break


def _write_message(out: IO[bytes], kind: bytes, facts: dict[str, Any]) -> None:
    content = json.dumps(facts).encode()
    out.write(HEAD.pack(kind, 0, 0, len(content)) + content)


def main() -> None:
    """Read standard input; say on standard output what is in each file of it."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Behind everything else: a folder of packages, not the reader's own files.
    sys.path.append(sys.argv[1])
    with suppress(BrokenPipeError):
        for size in map(int, sys.argv[3:]):
            _write_message(out, b"E", {"error": _try(sys.stdin.buffer.read(size), out)})
            out.flush()
    os._exit(0)


def _try(data: bytes, out: IO[bytes]) -> str:
    """Read one file; the answer is what went wrong, or nothing."""
    try:
        import av

        av.logging.set_level(None)
        _read(data, sys.argv[2], out)
    except _RefusedError as refused:
        return str(refused)
    except MemoryError:
        return "it takes more memory than a recording needs"
    except BrokenPipeError:
        os._exit(0)
    except Exception as failed:  # noqa: BLE001 - whatever a damaged file brings about is said
        return str(getattr(failed, "strerror", None) or f"{type(failed).__name__}: {failed}")[:300]
    return ""


if __name__ == "__main__":
    main()

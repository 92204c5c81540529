"""Hostile audio files: valid containers, changed by structure, through everything in voicenb that reads a file.

``python tests/harness/hostile_files.py --files 1000 --seed 7`` makes the files, reads each in a process that may break, and prints
a table. Each goes as a recording (`Reference`, its check, what would be sent, how it looks), as a result (what a runner asks before
it keeps one, the clip and its forms) and as the sandbox's own reference. A file fails where a process dies, works for more than 10 s
(of a processor; a minute without a word counts as a hang), takes more than 1 GB, or raises what is not in voicenb's tree of errors.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import random
import resource
import select
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np
from held_memory import most_memory

SECONDS = 10.0
BYTES = 10**9
RATE = 16_000

PLAIN = {
    "wav": ("WAV", "PCM_16"), "wav-24": ("WAV", "PCM_24"), "wav-float": ("WAV", "FLOAT"), "wav-ulaw": ("WAV", "ULAW"),
    "wav-ext": ("WAVEX", "PCM_16"), "rf64": ("RF64", "PCM_16"), "w64": ("W64", "PCM_16"), "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"), "caf": ("CAF", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip
MEDIA = {
    "m4a": ("ipod", "aac"), "mp4": ("mp4", "aac"), "mov": ("mov", "pcm_s16le"), "mkv": ("matroska", "aac"),
    "webm": ("webm", "libopus"), "avi": ("avi", "mp3"), "ts": ("mpegts", "aac"), "flv": ("flv", "aac"),
    "aac": ("adts", "aac"), "wma": ("asf", "wmav2"),
}  # fmt: skip

RATES = {"webm": 48_000, "flv": 22_050, "avi": 22_050, "wma": 44_100}


def voice(seconds, channels=1):
    """Something with a pitch, vowels and pauses."""
    times = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 1.3 * times)
    phase = np.cumsum(2 * np.pi * pitch / RATE)
    sound = sum(np.sin(n * phase) / n for n in range(1, 20)) * (np.sin(2 * np.pi * 2.1 * times) > -0.6)
    sound = (0.2 * sound).astype(np.float32)
    return sound if channels == 1 else np.stack([sound * (1 - 0.1 * n) for n in range(channels)], axis=1)


def plain(kind, channels, seconds):
    """A file that libsndfile writes."""
    import soundfile

    container, codec = PLAIN[kind]
    target = io.BytesIO()
    soundfile.write(target, voice(seconds, channels), RATE, codec, format=container)
    return target.getvalue()


def media(kind, channels, seconds):
    """A file that FFmpeg writes, with a title."""
    import av

    container, codec = MEDIA[kind]
    target = io.BytesIO()
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[channels]
    with av.open(target, "w", format=container) as file:
        file.metadata["title"] = "Aufnahme 你好"
        stream = file.add_stream(codec, rate=RATES.get(kind, RATE))
        stream.bit_rate = 96_000
        stream.layout = layout
        sound = voice(seconds, channels).reshape(-1, channels)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.reshape(1, -1)), format="flt", layout=layout)
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return target.getvalue()


def base(chance, store):
    """A valid file and its kind; each is made once."""
    kind = chance.choice([*PLAIN, *MEDIA])
    most = {"mp3": 2, "avi": 2, "flv": 2, "wma": 2, "m4a": 8, "mp4": 8, "mkv": 8}.get(kind, 6)
    channels = chance.choice([1, 1, 2, *([6] if most >= 6 else []), *([8] if most >= 8 else [])])
    key = kind, channels, chance.choice([0.3, 1.5, 3.0])
    if key not in store:
        store[key] = plain(*key) if kind in PLAIN else media(*key)
    return kind, store[key]


# ── Structure ───────────────────────────────────────────────────────────────────────────────────────────────────────


def chunks(data, at, end, form, size_at):
    """(size field, its format, begin, end) of the chunks between two places."""
    found = []
    while at + 8 <= end and len(found) < 4000:
        (size,) = struct.unpack_from(form, data, at + size_at)
        found.append((at + size_at, form, at, min(end, at + 8 + size)))
        at += 8 + size + size % 2
    return found


def atoms(data, at, end, depth=0):
    """The same for mp4, with what lies within."""
    found = []
    while at + 8 <= end and len(found) < 4000:
        size, name = struct.unpack_from(">I4s", data, at)
        stop = min(end, at + size) if size >= 8 else end
        found.append((at, ">I", at, stop))
        if name in {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"dinf"} and depth < 8:
            found += atoms(data, at + 8, stop, depth + 1)
        elif name == b"stsd":
            found += atoms(data, at + 16, stop, depth + 1)
        at = stop
    return found


def fields(kind, data):
    """The structure of a file: places of sizes, and the ranges they govern."""
    if kind.startswith(("wav", "avi")):
        return [(4, "<I", 0, len(data)), *chunks(data, 12, len(data), "<I", 4)]
    if kind == "rf64":
        return [(4, "<I", 0, len(data)), (20, "<Q", 12, 48), (28, "<Q", 12, 48), *chunks(data, 12, len(data), "<I", 4)]
    if kind == "aiff":
        return [(4, ">I", 0, len(data)), *chunks(data, 12, len(data), ">I", 4)]
    if kind == "w64":
        return [(at, "<Q", at - 16, min(len(data), at + 40)) for at in (16, 56, 56 + 24, 56 + 40)]
    if kind == "au":
        return [(at, ">I", 0, 28) for at in range(4, 24, 4)]
    if kind == "caf":
        found, at = [], 8
        while at + 12 <= len(data):
            size = struct.unpack_from(">q", data, at + 4)[0]
            found.append((at + 4, ">Q", at, min(len(data), at + 12 + max(size, 0))))
            at += 12 + (size if size >= 0 else len(data))
        return found
    if kind in {"m4a", "mp4", "mov"}:
        return atoms(data, 0, len(data))
    marks = {"ogg": b"OggS", "opus": b"OggS", "mp3": data[:2], "aac": data[:2], "ts": b"G", "flac": b"\xff\xf8"}
    mark, found, at = marks.get(kind), [], 0
    if mark is None:
        step = {"flv": 64, "mkv": 16, "webm": 16}.get(kind, 24)
        return [(at, ">I", at, min(len(data), at + step)) for at in range(0, min(len(data) - 8, 1500), step)]
    while (at := data.find(mark, at)) >= 0 and len(found) < 500:
        found.append((min(at + 4, len(data) - 8), "<I", at, min(len(data), at + 188)))
        at += len(mark)
    return found or [(4, ">I", 0, len(data))]


VALUES = (0, 1, 2, 3, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 16_001, 768_001)


def changed(chance, kind, data, other):
    """One change; its name and the new bytes."""
    raw = bytearray(data)
    structure = fields(kind, data)
    place, form, begin, end = chance.choice(structure)
    name = chance.choice([
        "size", "size", "size", "field", "field", "cut", "doubled", "removed", "moved", "joined", "joined-other", "spliced",
        "bits", "zeroed", "junk-before", "tag-before", "tag-behind", "text",
    ])  # fmt: skip
    if name == "size" and place + struct.calcsize(form) <= len(raw):
        old = struct.unpack_from(form, raw, place)[0]
        value = chance.choice([*VALUES, old + 1, old - 1, old * 2, old // 2, len(data), old ^ 0x80])
        struct.pack_into(form, raw, place, value % (256 ** struct.calcsize(form)))
    elif name == "field":
        at = min(begin + chance.randrange(0, 48), len(raw) - 5)
        wide = chance.choice("BHI")
        struct.pack_into(
            chance.choice("<>") + wide, raw, max(0, at), chance.choice(VALUES) % 256 ** struct.calcsize(wide)
        )
    elif name == "cut":
        raw = raw[: chance.randrange(1, len(raw))]
    elif name == "doubled":
        raw = raw[:end] + raw[begin:end] + raw[end:]
    elif name == "removed":
        raw = raw[:begin] + raw[end:]
    elif name == "moved":
        raw = raw[:begin] + raw[end:] + raw[begin:end]
    elif name == "joined":
        raw = raw * chance.choice([2, 3, 20])
    elif name == "joined-other":
        raw += other
    elif name == "spliced":
        raw = raw[: chance.randrange(1, len(raw))] + other[chance.randrange(len(other)) :]
    elif name == "bits":
        reach = chance.choice([64, 512, len(raw)])
        for _ in range(chance.choice([1, 5, 50])):
            raw[chance.randrange(min(reach, len(raw)))] ^= 1 << chance.randrange(8)
    elif name == "zeroed":
        at = chance.randrange(len(raw))
        raw[at : at + 400] = bytes(len(raw[at : at + 400]))
    elif name == "junk-before":
        raw = bytearray(chance.randbytes(chance.choice([1, 100, 5000]))) + raw
    elif name == "tag-before":
        size = chance.choice([0, 100, 70_000])
        said = chance.choice([size, size * 2, 0x0FFFFFFF])
        head = b"ID3\3\0\0" + bytes(said >> shift & 0x7F for shift in (21, 14, 7, 0))
        raw = bytearray(head + chance.randbytes(size)) + raw
    elif name == "tag-behind":
        raw += chance.choice(
            [b"TAG" + "标题".encode("gbk") + bytes(121), b"APETAGEX" + chance.randbytes(300), b"LIST\xff\xff\xff\xff"]
        )
    elif name == "text":
        at = data.find(b"Aufnahme")
        at = at if at >= 0 else chance.randrange(len(raw))
        raw[at : at + 8] = b"\xff\xfe\x80\xb1\xea\xcc\xe2\x00"[: len(raw) - at]
    return name, bytes(raw)


def bomb(chance):
    """A small file that unpacks into much, or claims to."""
    import soundfile

    name = chance.choice(["flac-long", "wav-rate", "wav-channels", "opus-long", "aiff-rate", "flac-rate"])
    target = io.BytesIO()
    if name in {"flac-long", "flac-rate"}:
        rate = chance.choice([8000, 44_101, 192_000])
        with soundfile.SoundFile(target, "w", rate, chance.choice([1, 8]), "PCM_16", format="FLAC") as file:
            for _ in range(chance.choice([10, 40])):
                file.write(np.zeros((2**17, file.channels), np.int16))
        return name, target.getvalue()
    if name == "opus-long":
        with soundfile.SoundFile(target, "w", 8000, 1, "OPUS", format="OGG") as file:
            for _ in range(60):
                file.write(np.zeros(2**16, np.int16))
        return name, target.getvalue()
    soundfile.write(target, voice(3), RATE, "PCM_16", format="AIFF" if name == "aiff-rate" else "WAV")
    raw = bytearray(target.getvalue())
    if name == "wav-rate":
        struct.pack_into(
            "<I", raw, 24, chance.choice([0, 1, 999, 1000, 1009, 44_101, 767_999, 768_000, 2**31, 2**32 - 1])
        )
    elif name == "wav-channels":
        struct.pack_into("<H", raw, 22, chance.choice([0, 63, 64, 65, 1024, 65_535]))
    else:
        at = raw.find(b"COMM") + 16
        raw[at : at + 10] = chance.randbytes(10)
    return name, bytes(raw)


def made(seed, number, store):
    """The file of that number: its kind, what was done to it, its bytes. It depends on nothing but the two numbers."""
    chance = random.Random(f"{seed}/{number}")
    if number % 25 == 24:
        name, data = bomb(chance)
        return "bomb", name, data
    kind, data = base(chance, store)
    names = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        name, data = changed(chance, kind, data, base(chance, store)[1])
        names.append(name)
        if len(data) < 64:
            break
    return kind, "+".join(names), data


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_recording(data, folder):
    """What a recording goes through."""
    from voicenb.errors import VoicenbError
    from voicenb.services.aiclone import AiClone
    from voicenb.services.soundclone import SoundClone
    from voicenb.studio.reference import Reference

    try:
        reference = Reference(data)
        for service in (AiClone, SoundClone):
            reference.check(service.profile.reference)
        reference.payload(SoundClone.profile.reference)
        reference._repr_mimebundle_()
        if reference.duration < 60:
            reference.prepare(SoundClone.profile.reference)
    except VoicenbError:
        return "refused"
    return "read"


def findings(data):
    """What a listener should know of a file; nothing where it is no sound."""
    from voicenb.audio.reading import read
    from voicenb.audio.sound import AudioError

    try:
        return list(read(data).findings)
    except AudioError:
        return []


def as_result(data, folder):
    """What a result goes through."""
    from voicenb.audio.containers import is_whole
    from voicenb.audio.sound import AudioError
    from voicenb.errors import VoicenbError
    from voicenb.studio.clip import Clip

    is_whole(data)
    findings(data)
    clip = Clip(data)
    try:
        clip._repr_mimebundle_()
        repr(clip)
        clip.save(folder / "clip.wav")
        if clip.duration < 60:
            clip.save(folder / "clip.mp3")
        clip.save(folder / f"clip.{clip.format}")
    except (VoicenbError, AudioError):
        return "refused"
    return "read"


def as_sandbox(data, folder):
    """What the sandbox does with a reference."""
    from voicenb.sandbox.engine.errors import EngineError
    from voicenb.sandbox.engine.media.decoding import decode
    from voicenb.sandbox.recordings.references import kind_of

    path = folder / "recording.bin"
    path.write_bytes(data)
    kind_of(path)
    try:
        decode(path)
    except EngineError:
        return "refused"
    return "read"


WAYS = {"recording": as_recording, "result": as_result, "sandbox": as_sandbox}


def processor():
    """Seconds of the processor that this process and what it started have taken: what else the machine does is not in them."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def child(seed, first, behind, step):
    """Reads files and tells of each before and after, a line of JSON each time."""
    store = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, behind, step):
            try:
                kind, how, data = made(seed, number, store)
            except (struct.error, IndexError, ValueError, OverflowError):
                # A second change found no structure any more.
                kind, how, data = "none", "text", b"no structure is left"
            for way, through in WAYS.items():
                print(json.dumps({"begin": number, "kind": kind, "how": how, "way": way}), flush=True)
                begun = processor()
                wrong = None
                try:
                    outcome = through(data, Path(folder))
                except BaseException:
                    outcome, wrong = "raised", traceback.format_exc()[-1500:]
                most = max(most_memory(), 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
                spent = processor() - begun
                print(
                    json.dumps({"end": number, "outcome": outcome, "wrong": wrong, "bytes": most, "seconds": spent}),
                    flush=True,
                )
                if most > BYTES:
                    return


def followed(seed, first, files, step):
    """Runs children over every `step`-th file; a row for each file and way."""
    rows, number = [], first
    while number < files:
        command = [sys.executable, __file__, "--child", str(seed), str(number), str(files), str(step)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=False, bufsize=0) as process:
            held, rest, over = None, b"", False
            while not over:
                # A process that is late for want of a processor still tells its own seconds.
                ready, _, _ = select.select([process.stdout], [], [], 6 * SECONDS)
                if not ready:
                    process.kill()
                    break
                piece = os.read(process.stdout.fileno(), 65536)
                over = not piece
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    said = json.loads(line)
                    if "begin" in said:
                        held = said
                        continue
                    rows.append(held | said)
                    number, held = said["end"] + step, None
            process.kill()
        if held is not None:
            code = process.wait()
            what = "hangs" if not over else f"dies ({code})"
            rows.append(held | {"outcome": what, "wrong": None, "bytes": 0, "seconds": 0.0})
            number = held["begin"] + step
        elif not over or process.wait():
            raise RuntimeError("the generator itself is broken; its error is above")
    return rows


def failures(rows):
    """The rows that break a promise."""
    return [
        row for row in rows
        if row["outcome"] not in {"read", "refused"} or row["bytes"] > BYTES or row["seconds"] > SECONDS
    ]  # fmt: skip


def run(seed, files, jobs=2):
    """All rows for that many files."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(jobs) as pool:
        found = pool.map(lambda first: followed(seed, first, files, jobs), range(jobs))
    return [row for rows in found for row in rows]


def table(rows):
    """Markdown: a row for each kind of file."""
    lines = [
        "| container | files | read | refused | died | hung | over 10 s | over 1 GB | outside the tree |",
        "|---|" + "---:|" * 8,
    ]
    kinds = sorted({row["kind"] for row in rows})
    for kind in [*kinds, "all"]:
        own = [row for row in rows if kind in {"all", row["kind"]}]
        count = collections.Counter(row["outcome"].split()[0] for row in own)
        slow = sum(row["seconds"] > SECONDS for row in own)
        large = sum(row["bytes"] > BYTES for row in own)
        numbers = [
            len({row["begin"] for row in own}), count["read"], count["refused"], count["dies"], count["hangs"], slow, large,
            count["raised"],
        ]  # fmt: skip
        lines.append(f"| {kind} | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(lines)


def main():
    """The command."""
    if sys.argv[1:2] == ["--child"]:
        child(*map(int, sys.argv[2:]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the files that fail")
    asked = parser.parse_args()
    rows = run(asked.seed, asked.files, asked.jobs)
    print(table(rows))
    slowest = max(rows, key=lambda row: row["seconds"])
    print(f"\nSlowest: {slowest['seconds']:.1f} s ({slowest['kind']}, {slowest['how']}, {slowest['way']}).", end=" ")
    print(f"Largest process: {max(row['bytes'] for row in rows) / 1e6:.0f} MB.")
    for row in failures(rows):
        print(
            row["begin"],
            row["kind"],
            row["how"],
            row["way"],
            row["outcome"],
            f"{row['seconds']:.1f} s",
            row["bytes"],
            row["wrong"] or "",
        )
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            (asked.keep / f"{asked.seed}-{row['begin']}.bin").write_bytes(made(asked.seed, row["begin"], {})[2])
    sys.exit(bool(failures(rows)))


if __name__ == "__main__":
    main()

"""Hostile answers, made from seeds by mutating the documented ones, and what the real client makes of them.

    python tests/harness/hostile_answers.py --answers 1000 --seed 1 > benchmarks/hostile_answers.md

Each answer is one case: a paid request to a scripted server on loopback that keeps books. One of its answers (submission,
poll, download, subtitles, or Faseeh's sound at once or in a stream) is mutated, in its values, its form, its headers or on
the wire, for once or for good. Then the ledger is held against the books.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import hashlib
import json
import random
import re
import socketserver
import struct
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from held_memory import most_memory

import voicenb as vn
from voicenb.services.pcm import wav_of

KEY = "sk_hostile_0123456789abcdef"
PRICES = {
    "soundclone": {"sound-cloning-audio": 1, "sound-cloning-voice": "0.1", "sound-cloning-clone": "1"},
    "aiclone": {},
    "faseeh": {"faseeh-v1-preview": "0.5"},
}
VOICES = {"soundclone": "model_1", "aiclone": "https://example.com/me.wav", "faseeh": "ar-hijazi-female-1"}
POINTS = {
    "soundclone": ("submission", "poll", "download", "subtitles"),
    "soundclone preview": ("submission", "poll", "download"),
    "aiclone": ("submission", "poll", "download", "subtitles"),
    "faseeh": ("sound",),
    "faseeh stream": ("sound",),
}
"""What is asked of each service, and which of the answers is mutated."""

SECONDS = 10.0
"""The longest that anything may take."""
_WAIT = 5.0
_TIMEOUT = 1.5

PCM = (8000 * np.sin(np.arange(7200) * 0.06)).astype("<i2").tobytes()
WAV = wav_of(PCM, 24000, 1)
RAW = {"Content-Type": "audio/raw; codec=pcm16; rate=24000; channels=1"}
CUES = [{"text": "Hello there.", "time_begin": 0.0, "time_end": 250.5, "timestamped_words": [
    {"word": "Hello", "time_begin": 0.0, "time_end": 100.0}, {"word": "there.", "time_begin": 110, "time_end": 250.5}]}]  # fmt: skip
SRT = b"1\r\n00:00:00,000 --> 00:00:00,250\r\nHello there.\r\n\r\n2\r\n00:00:00,250 --> 00:00:00,300\r\nAgain.\r\n"

# Statuses that are sent only instead of passing a request on (docs/faults.md): a server that has accepted never sends them.
UNREAD = (401, 407, 411, 413, 414, 429, 431, 307, 308)
OTHERS = (200, 201, 204, 206, 300, 301, 302, 303, 304, 400, 403, 404, 405, 406, 408, 409, 410, 415, 418, 422, 425, 451, 499, 500, 501, 502,
          503, 504, 507, 520, 525, 599, 999)  # fmt: skip


# -- answers -----------------------------------------------------------------------------------------------------


@dataclass
class Reply:
    """An answer before it is written: a body, its status and headers, and what happens to it on the wire."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wire: str = ""
    at: float = 0.5

    @property
    def data(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else _json(self.body)

    def pieces(self) -> Iterator[bytes]:
        """What is written to the socket, in order."""
        data = self.data
        length = {"longer": len(data) + 1000, "shorter": max(len(data) - 7, 0)}.get(self.wire, len(data))
        lines = [f"HTTP/1.1 {self.status} X"]
        if self.wire == "chunked" or self.wire == "chunked and cut":
            lines.append("Transfer-Encoding: chunked")
        elif self.wire not in {"until close", "bad length"}:
            lines.append(f"Content-Length: {length}")
        elif self.wire == "bad length":
            lines.append("Content-Length: many")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.wire == "many headers":
            lines += [f"X-{number}: {'x' * 50}" for number in range(60)]
        if self.wire == "odd header":
            lines += ["Set-Cookie: a=b; Domain=.; Expires=never", "X-Odd: \xff\xfe", "X-Odd: again"]
        head = ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1", "replace")
        if self.wire == "early hints":
            yield b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        if self.wire == "no http":
            yield b"\x16\x03\x01\x02\x00garbage\r\n\r\n"
            return
        if self.wire == "cut in head":
            yield head[: max(5, int(len(head) * self.at))]
            return
        yield head
        if self.wire.startswith("chunked"):
            half = len(data) // 2
            for part in (data[:half], data[half:]):
                if part:
                    yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
                if self.wire == "chunked and cut":
                    return
            yield b"0\r\n\r\n"
            return
        if self.wire == "cut":
            yield data[: int(len(data) * self.at)]
            return
        if self.wire == "drip":
            step = max(1, len(data) // 20)
            for start in range(0, len(data), step):
                yield data[start : start + step]
            return
        yield data

    @property
    def whole(self) -> bool:
        """Whether its body comes to its end."""
        return self.wire not in {
            "reset",
            "hang",
            "no http",
            "cut in head",
            "cut",
            "chunked and cut",
            "shorter",
            "bad length",
            "longer",
        }


class _Raw(str):
    """JSON as it is to be written."""

    __slots__ = ()


def _json(value: Any) -> bytes:
    """JSON with what `json` does not write: `_Raw` literals, and half characters as escapes."""
    raws: list[str] = []

    def hold(one: Any) -> Any:
        if isinstance(one, _Raw):
            raws.append(str(one))
            return f"@raw{len(raws) - 1}@"
        if isinstance(one, dict):
            return {name: hold(inner) for name, inner in one.items()}
        return [hold(inner) for inner in one] if isinstance(one, list) else one

    text = json.dumps(hold(value))
    return re.sub(r'"@raw(\d+)@"', lambda found: raws[int(found[1])], text).encode()


WIRES = ("reset", "hang", "cut in head", "cut", "longer", "shorter", "chunked", "chunked and cut", "until close", "bad length",
         "many headers", "odd header", "early hints", "no http", "drip")  # fmt: skip

GATEWAYS: tuple[Any, ...] = (
    {"message": "Endpoint request timed out"}, {"message": None}, {"error": "Bad Gateway", "status": 502, "path": "/x"},
    {"statusCode": 404, "message": "Cannot POST", "error": "Not Found"}, {"code": 502, "msg": "gateway"}, {"code": "504", "message": "upstream"},
    {"detail": "Not Found"}, {"detail": [{"loc": ["x"], "msg": "y"}]}, {"Code": "Throttling", "Message": "x", "RequestId": "1"},
    {"error": {"message": "upstream"}}, {"fault": {"faultstring": "x", "detail": {"errorcode": "y"}}}, {"success": False, "errors": [{"code": 10000}]},
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>x</h1></body></html>", b"<html>Please log in</html>",
    b"", b" ", b"null", b"true", b"[]", b"{}", b'""', b"0", b"error code: 520", b"upstream connect error", b"[" * 60000, b"\x00" * 32,
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", b"\xff\xfe\xfd", b"{" * 5000, ("x" * 200_000).encode(),
)  # fmt: skip

ODD: tuple[Any, ...] = (
    None, "", " ", 0, -1, 1.5, True, False, [], {}, [None], {"value": None}, "null", "None", "undefined", "\ud83d", "\udc00x\ud83d", "a\x00b\x1b[2J",
    "\u202egnp", "\ufeff", "x" * 20_000, "<script>alert(1)</script>", "../../etc/passwd", "%s%n%d", "😀" * 50, "\n\r\t", "NaN",
    _Raw("NaN"), _Raw("-Infinity"), _Raw("1e999"), _Raw("9" * 5000), _Raw("-0"), _Raw("1E-400"), _Raw('"\\ud83d"'), _Raw('"\\u0000"'),
)  # fmt: skip
RUNS = (
    "processing",
    "queued",
    "PENDING",
    "in_progress",
    "warming up",
    "",
    "retrying",
    1,
    None,
    [],
    {"state": "x"},
    True,
    "完成",
)
FAILS = ("failed", "FAILED", "Failed ", "error", "cancelled", "canceled", "failure")
RETRIES = (
    "0",
    "1",
    "0.5",
    "-3",
    "soon",
    "",
    "99999999",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "2, 3",
    "nan",
    "inf",
    "1e3",
    "\u0663",
)


def spoilt(chance: random.Random, value: Any) -> Any:
    """A value of another type, or the same one written otherwise."""
    if isinstance(value, str) and chance.random() < 0.35:
        return chance.choice(
            [
                value.upper(),
                f" {value}\n",
                f"\t{value}",
                [value],
                {"url": value},
                value + "\ud83d",
                f'"{value}"',
                value.replace("/", "\\/"),
            ]
        )
    if isinstance(value, int | float) and chance.random() < 0.3:
        return chance.choice([str(value), float(value), f"{value}.0", [value]])
    return chance.choice(ODD)


def mutate_json(chance: random.Random, body: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """`body` with one of `keys` (dotted) spoilt, left out, renamed or doubled, or with more around it."""
    body = copy.deepcopy(body)
    path = chance.choice(keys).split(".")
    inner: Any = body
    for name in path[:-1]:
        inner = inner[name]
    name = path[-1]
    match chance.randrange(6):
        case 0:
            inner.pop(name, None)
        case 1:
            snake = re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), name)
            inner[snake if snake != name else name.upper()] = inner.pop(name, None)
        case 2:
            inner["extra\ud83d"] = chance.choice(ODD)
            body["more"] = {"nested": [{"deep": chance.choice(ODD)}] * 3}
        case _:
            inner[name] = spoilt(chance, inner.get(name))
    return body


def dressed(chance: random.Random, reply: Reply) -> Reply:
    """The same answer in another dress: charset, packing, content type, what stands around it."""
    data = reply.data
    match chance.randrange(11):
        case 0:
            data = b"\xef\xbb\xbf" + data
        case 1:
            data = data.decode("utf-8", "replace").encode("utf-16")
        case 2:
            data += b"\n<!-- cached -->"
        case 3:
            data = b"\r\n\r\n  " + data
        case 4:
            data = json.dumps(data.decode("utf-8", "replace")).encode()
        case 5:
            data, reply.headers = gzip.compress(data), reply.headers | {"Content-Encoding": "gzip"}
        case 6:
            data = gzip.compress(data)
        case 7:
            reply.headers |= {"Content-Encoding": chance.choice(["gzip", "deflate", "br", "aws-chunked", "utf-8"])}
        case 8:
            data = data.replace(b'"status"', b'"status": "odd", "status"')
        case 9:
            data = data[: int(len(data) * chance.random())]
        case _:
            reply.headers |= {
                "Content-Type": chance.choice(
                    ["text/html", "", "image/png", "application/json; charset=zip", "audio/mpeg", "x"]
                )
            }
    reply.body = data
    return reply


def on_the_wire(chance: random.Random, reply: Reply) -> Reply:
    """The same answer, and something happens to it on its way."""
    reply.wire = chance.choice(WIRES if chance.random() < 0.3 else WIRES[2:])
    reply.at = chance.random()
    return reply


# -- the server --------------------------------------------------------------------------------------------------


@dataclass
class Case:
    """One paid request and what the server does with it.

    Attributes:
        number, service, point: Which.
        submission, polls, audio, subtitles: The answers; the last poll, audio and subtitles stay.
        accepted: Whether the server takes the request, and charges it.
        seen: What the client sent, by kind.
        refunded: Whether an answer was sent that calls the task failed.
        sounds: The sounds that were sent whole.
        good: The documented last poll, sound and subtitles, of a service with tasks.
    """

    number: int
    service: str
    point: str
    submission: Reply
    polls: list[Reply] = field(default_factory=list)
    audio: list[Reply] = field(default_factory=list)
    subtitles: list[Reply] = field(default_factory=list)
    accepted: bool = True
    asks_subtitles: bool = False
    what: str = ""
    seen: Counter[str] = field(default_factory=Counter)
    refunded: bool = False
    sounds: list[bytes] = field(default_factory=list)
    good: tuple[Reply, Reply, Reply] | None = None

    @property
    def text(self) -> str:
        """What is spoken: it names the case to the server."""
        return f"Hello there, my friend, this is case {self.number:06}."

    @property
    def id(self) -> str:
        """The server's id of the task."""
        return f"audio_{self.number:06}"


class Server(socketserver.ThreadingTCPServer):
    """Answers each request with its case's next answer, and keeps the books."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cases: dict[str, Case] = {}
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Clients go away in the middle; that is what this is about."""

    def reply(self, method: str, path: str, body: bytes) -> tuple[Case | None, Reply]:
        """The next answer to a request, and whose it is."""
        found = re.search(rb"\d{6}", path.encode() if method == "GET" else body)
        case = self.cases.get(found[0].decode()) if found else None
        if case is None:
            return None, Reply({"detail": "not found"}, 404)
        with self.lock:
            kind = "submission" if method == "POST" else path.strip("/").split("/")[0]
            if kind not in {"submission", "sound", "subs", "hop"}:
                kind = "poll"
            case.seen[kind] += 1
            if kind == "hop":
                return case, Reply(b"", 302, {"Location": path})
            queue = {"poll": case.polls, "sound": case.audio, "subs": case.subtitles}.get(kind, [case.submission])
            if not queue:
                return case, Reply({"detail": "not found"}, 404)
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            if kind == "poll" and reply.whole and _calls_failed(reply):
                case.refunded = True
            return case, reply


def _calls_failed(reply: Reply) -> bool:
    return isinstance(reply.body, dict) and (reply.body.get("data") or reply.body).get("status") in FAILS


class _Handler(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        first = self.rfile.readline().decode("latin-1").split(" ")
        if len(first) < 2:
            return
        length = 0
        while (line := self.rfile.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "content-length":
                length = int(value)
        body = self.rfile.read(length)
        case, reply = server.reply(first[0], first[1].partition("?")[0], body)
        if reply.wire == "hang":
            server.ending.wait(_TIMEOUT * 2)
            return
        if reply.wire == "reset":
            self.request.setsockopt(1, 13, struct.pack("ii", 1, 0))
            return
        for piece in reply.pieces():
            self.wfile.write(piece)
            if reply.wire == "drip":
                time.sleep(0.001)
        self.wfile.flush()
        if (
            case is not None
            and reply.whole
            and reply.status in {200, 203}
            and ((first[0] == "GET" and first[1].startswith("/sound")) or case.service.startswith("faseeh"))
        ):
            with server.lock:
                case.sounds.append(reply.data)


# -- the grammar -------------------------------------------------------------------------------------------------


def documented(case_id: str, number: int, service: str, url: str) -> tuple[Reply, Reply, Reply]:
    """The documented answers of a service with tasks: to a submission, to a poll of a running task, and of a completed one."""
    now = {"X-Poll-After": "0.01", "Content-Type": "application/json"}
    sound, subs = f"{url}/sound/{number:06}.wav", f"{url}/subs/{number:06}.json"
    if service.startswith("soundclone"):
        preview = service.endswith("preview")
        task = {"id": case_id, "object": "audio", "created": 1781777280, "model": "soundCloningClone" if preview else "soundCloningAudio",
                "status": "queued", "error": None}  # fmt: skip
        done = task | {"status": "completed", "audioUrl": sound, "subtitleFile": subs}
        if preview:
            done = {name: value for name, value in done.items() if name != "subtitleFile"} | {
                "modelId": f"model_{number}"
            }
        made = [{"code": 20000, "msg": "ok", "data": one} for one in (task, task | {"status": "processing"}, done)]
        return Reply(made[0], 200, dict(now)), Reply(made[1], 200, dict(now)), Reply(made[2], 200, dict(now))
    task = {"task_id": case_id, "status": "pending", "capability": "voice", "action": "clone", "model": "v2-emotion", "error": None,
            "created_at": 1780704348, "completed_at": None}  # fmt: skip
    done = task | {"status": "completed", "audioUrl": sound, "format": "wav", "degraded": False, "providerUsed": "x", "subtitle_url": subs,
                   "credits_used": None, "completed_at": 1780704355}  # fmt: skip
    return (
        Reply(task, 202, dict(now)),
        Reply(task | {"status": "processing"}, 200, dict(now)),
        Reply(done, 200, dict(now)),
    )


def refusals(service: str) -> list[Reply]:
    """Errors as each service gives them."""
    if service.startswith("soundclone"):
        return [Reply({"code": code, "msg": said}, status) for code, said, status in (
            (20001, "invalid key", 200), ("20001", "invalid key", 401), (20002, "speed: out of range", 200), (-1, "server error", 200),
            (-1, "server error", 500), (20002, "insufficient balance", 200), (31337, "never seen", 200), (20002.0, "余额不足", 400))]  # fmt: skip
    if service == "aiclone":
        return [Reply({"error": {"code": code, "message": said, "type": "t"}}, status) for code, said, status in (
            ("invalid_api_key", "no", 401), ("x", "text: empty", 422), ("insufficient_credits", "too few credits", 402), ("internal", "no", 500),
            ("y", "emo_vec sum exceeds 1.5", 400))]  # fmt: skip
    return [Reply({"errorCode": code, "errorMessage": "no"}, int(str(code)[:3])) for code in ("40101", 40201, "40301", "40001", "50001", "40401")] + [
        Reply({"code": "40001", "message": "stability"}, 400)]  # fmt: skip


_KEYS = {
    "soundclone": ("data.id", "data.object", "data.created", "data.status", "data.error", "code", "msg", "data"),
    "aiclone": ("task_id", "status", "error", "created_at", "model"),
}


def make(number: int, seed: int, url: str) -> Case:
    """The case of a number, from a seed."""
    chance = random.Random(f"{seed}:{number}")
    service = chance.choice(sorted(POINTS))
    point = chance.choice(POINTS[service])
    if service.startswith("faseeh"):
        return _sound_case(chance, number, service)
    case = Case(number, service, point, Reply(b""), asks_subtitles=point == "subtitles")
    submission, running, done = documented(case.id, number, service, url)
    sound = Reply(WAV, 200, {"Content-Type": "audio/wav"})
    subtitles = Reply(CUES, 200, {"Content-Type": "application/json"}) if service == "soundclone" else Reply(SRT)
    case.submission, case.polls, case.audio, case.subtitles = submission, [running, done], [sound], [subtitles]
    case.good = done, sound, subtitles
    forever = chance.random() < 0.5
    match point:
        case "submission":
            _mutate_submission(chance, case)
        case "poll":
            case.polls = [running, *(_poll(chance, done, service, case) for _ in range(chance.choice([1, 1, 2])))]
            case.polls += [] if forever else [done]
        case "download":
            case.audio = [_download(chance, sound, case, url) for _ in range(chance.choice([1, 1, 2]))]
            case.audio += [] if forever else [sound]
        case _:
            case.subtitles = [_subtitle(chance, subtitles)] + ([] if forever else [subtitles])
    return case


def _mutate_submission(chance: random.Random, case: Case) -> None:
    kind = case.service.partition(" ")[0]
    reply = case.submission
    match chance.randrange(7):
        case 0:
            case.what = "refusal"
            case.accepted = False
            reply = chance.choice(refusals(case.service))
            if chance.random() < 0.5:
                reply = chance.choice([dressed, on_the_wire])(chance, reply)
        case 1:
            case.what = "turned away"
            case.accepted = False
            reply = Reply(
                chance.choice(GATEWAYS),
                chance.choice(UNREAD),
                {"Retry-After": chance.choice(RETRIES), "Location": "https://x.example/"},
            )
        case 2 | 3:
            case.what = "a gateway's"
            reply = Reply(chance.choice(GATEWAYS), chance.choice(OTHERS), {"Retry-After": chance.choice(RETRIES)})
        case 4:
            case.what = "another status"
            reply.status = chance.choice(OTHERS)
        case 5:
            case.what = "dress or wire"
            reply = chance.choice([dressed, on_the_wire])(chance, reply)
        case _:
            case.what = "values"
            reply.body = mutate_json(chance, reply.body, _KEYS[kind])
            if kind == "soundclone" and chance.random() < 0.3 and isinstance(reply.body.get("data"), dict):
                reply.body["code"] = chance.choice([0, 200, "200", "20000.0", 20000.0, 20002, -1, 502, None, "ok"])
                reply.body["data"]["id"] = case.id
    case.submission = reply


def _poll(chance: random.Random, done: Reply, service: str, case: Case) -> Reply:
    reply = copy.deepcopy(done)
    kind = service.partition(" ")[0]
    inner = reply.body["data"] if kind == "soundclone" else reply.body
    match chance.randrange(8):
        case 0:
            case.what = "a gateway's"
            reply = Reply(
                chance.choice(GATEWAYS), chance.choice(OTHERS + UNREAD), {"Retry-After": chance.choice(RETRIES[:7])}
            )
            if reply.status in {429, 503}:
                reply.headers["Retry-After"] = "0.01"
        case 1:
            case.what = "an error"
            reply = copy.deepcopy(chance.choice(refusals(service)))
        case 2:
            case.what = "status"
            inner["status"] = chance.choice(RUNS)
        case 3:
            case.what = "failed"
            inner["status"] = chance.choice(FAILS)
            inner["error"] = chance.choice(["engine melted", *ODD])
        case 4:
            case.what = "dress or wire"
            reply = chance.choice([dressed, on_the_wire])(chance, reply)
        case _:
            case.what = "values"
            keys = (*(f"data.{name}" if kind == "soundclone" else name for name in inner if name != "status"),)
            if kind == "soundclone":
                keys = (*keys, "msg", "data.audioUrl", "data.audioUrl")
            reply.body = mutate_json(chance, reply.body, tuple(keys))
    return reply


def _download(chance: random.Random, sound: Reply, case: Case, url: str) -> Reply:
    reply = copy.deepcopy(sound)
    match chance.randrange(6):
        case 0:
            case.what = "a page"
            return Reply(chance.choice(GATEWAYS), 200)
        case 1:
            case.what = "status"
            reply = Reply(chance.choice([WAV, *GATEWAYS]), chance.choice(OTHERS + UNREAD))
            if reply.status in {429, 503}:
                reply.headers["Retry-After"] = "0.01"
            return reply
        case 2:
            case.what = "no sound"
            reply.body = chance.choice([WAV[:44], WAV[:30], WAV[:3], b"RIFF\x10\0\0\0WAVEjunkjunk" + bytes(99), bytes(range(256)) * 20, b"ID3\x04" + bytes(60),
                                        chance.randbytes(5000), b"OggS" + chance.randbytes(300), b"fLaC" + bytes(80), b"PK\x03\x04" + chance.randbytes(99)])  # fmt: skip
        case 3:
            case.what = "redirect"
            where = chance.choice(
                [
                    f"{url}/hop/{case.number:06}",
                    "file:///etc/passwd",
                    "",
                    "http://[bad",
                    "data:audio/wav;base64,UklG",
                    "//127.0.0.1:1/x",
                    "javascript:x",
                ]
            )
            return Reply(b"", chance.choice([301, 302, 303, 307, 308]), {"Location": where})
        case _:
            case.what = "dress or wire"
            reply = chance.choice([_packed, on_the_wire])(chance, reply)
    return reply


def _packed(chance: random.Random, reply: Reply) -> Reply:
    match chance.randrange(4):
        case 0:
            reply.body, reply.headers = gzip.compress(reply.data), {"Content-Encoding": "gzip"}
        case 1:
            reply.body = gzip.compress(reply.data)
        case 2:
            reply.headers |= {"Content-Encoding": chance.choice(["gzip", "deflate", "br", "aws-chunked", "utf-8"])}
        case _:
            reply.headers |= {"Content-Type": chance.choice(["text/html", "", "image/png", "audio/mpeg", "x"])}
    return reply


def _subtitle(chance: random.Random, subtitles: Reply) -> Reply:
    reply = copy.deepcopy(subtitles)
    match chance.randrange(4):
        case 0:
            return Reply(chance.choice(GATEWAYS), chance.choice((200, *OTHERS[1:])))
        case 1:
            return Reply(
                chance.choice(
                    [
                        SRT,
                        SRT[:-20],
                        SRT.replace(b"-->", b"->"),
                        SRT.replace(b"00,250", b""),
                        b"WEBVTT\n\n" + SRT,
                        b"1\n-->\nx",
                        b"-->",
                        b"\xff\xfe1",
                    ]
                )
            )
        case 2:
            return chance.choice([dressed, on_the_wire])(chance, reply)
        case _:
            cues = copy.deepcopy(CUES)
            cue: Any = chance.choice([cues[0], *cues[0]["timestamped_words"]])
            cue[chance.choice(sorted(cue))] = chance.choice(ODD)
            return Reply(chance.choice([cues, [*cues, chance.choice(ODD)], {"segments": cues}]))


def _sound_case(chance: random.Random, number: int, service: str) -> Case:
    case = Case(number, service, "sound", Reply(PCM if service.endswith("stream") else WAV, 200, dict(RAW)))
    reply = case.submission
    if not service.endswith("stream"):
        reply.headers = {"Content-Type": "audio/wav"}
    match chance.randrange(8):
        case 0:
            case.what = "refusal"
            case.accepted = False
            reply = chance.choice(refusals("faseeh"))
            reply.headers["Content-Type"] = chance.choice(
                ["application/json", "application/octet-stream", "", "audio/raw"]
            )
            if chance.random() < 0.4:
                reply.status = 200
        case 1:
            case.what = "turned away"
            case.accepted = False
            reply = Reply(
                chance.choice(GATEWAYS),
                chance.choice(UNREAD),
                {"Retry-After": chance.choice(RETRIES), "Location": "https://x.example/"},
            )
        case 2:
            case.what = "a gateway's"
            reply = Reply(
                chance.choice(GATEWAYS),
                chance.choice(OTHERS),
                {"Content-Type": chance.choice(["text/html", "audio/raw", "application/octet-stream"])},
            )
        case 3:
            case.what = "status"
            reply.status = chance.choice(OTHERS)
        case 4:
            case.what = "type"
            reply.headers["Content-Type"] = chance.choice(["", "application/octet-stream", "audio/mpeg", "text/html", "audio/raw; rate=0; channels=99", "audio/raw;codec=opus",
                                                           "audio/L16", "audio/raw; rate=999999", "audio/basic", "audio/raw; codec=float32", "audio/x; \xff"])  # fmt: skip
        case 5:
            case.what = "another sound"
            reply.body = chance.choice([WAV, PCM, b"ID3\x04" + bytes(60), b"fLaC" + chance.randbytes(99), chance.randbytes(20_001), b"\x00", PCM[:3], WAV[:20], WAV[:44],
                                        (np.frombuffer(PCM, "<i2") / 32768).astype("<f4").tobytes(), b"RIFF" + chance.randbytes(5000)])  # fmt: skip
            reply.headers["Content-Type"] = chance.choice(
                ["", "application/octet-stream", "audio/raw; codec=pcm16; rate=24000"]
            )
        case _:
            case.what = "wire"
            reply = on_the_wire(chance, reply)
    case.submission = reply
    return case


# -- the client, and the ledger against the books ----------------------------------------------------------------


@dataclass
class Result:
    """What became of a case."""

    case: Case
    status: str
    seconds: float
    problems: list[str]


def play(case: Case, server: Server, home: Path) -> Result:
    """Asks for a case's text, as a user would, and holds the ledger against the server's books."""
    begun = time.monotonic()
    problems: list[str] = []
    service = case.service.partition(" ")[0]
    server.cases[f"{case.number:06}"] = case
    status = "none"
    with vn.connect(service, base_url=server.url, api_key=KEY, home=home, prices=PRICES[service]) as studio:
        studio.session.http.seconds = studio.session.http.long_seconds = _TIMEOUT
        context = studio.session.runner.context
        context.back_off = lambda times, chance: 0.01
        context.poll_delay = lambda answer: 0.01  # type: ignore[method-assign]

        def guarded(do: Callable[[], Any]) -> Any:
            try:
                return do()
            except vn.VoicenbError as error:
                said = str(error)
                said.encode()
                if KEY in said:
                    problems.append("the key is shown")
                return error
            except Exception:
                problems.append("not of the tree: " + traceback.format_exc().strip().splitlines()[-1])
                return None

        price = _price(case)
        limit = price * Decimal("1.5")
        with studio.budget(limit):
            task = _ask(studio, case, guarded)
            if task is not None:
                guarded(lambda: repr(task))
                status = task.status
                problems += _books(case, task, price)
                clip = guarded(lambda: task.clip)
                if status == "completed" and case.service != "soundclone preview":
                    if not isinstance(clip, vn.Clip):
                        problems.append(f"completed without a clip: {clip!r}")
                    elif isinstance(guarded(lambda: clip.duration), Exception):
                        problems.append("completed, and its clip cannot be played")
                # One more, which would go over the budget if the first was charged.
                if case.service == "soundclone":
                    problems += _another(studio, case, server, guarded)
        if status == "completed" and not case.service.endswith(("stream", "preview")):
            sent = case.seen["submission"]
            again = guarded(lambda: studio.voice(VOICES[service]).say(case.text, quiet=True, **_more(case)))
            if case.seen["submission"] != sent or not isinstance(again, vn.Clip):
                problems.append("the same text is paid for again")
        if case.sounds and case.accepted and not case.refunded:
            problems += _on_disk(case, home, status)
        if status not in {"completed", "failed", "unknown"} and task is not None:
            if case.good is not None and case.accepted and not case.refunded and task.remote_id is not None:
                # All is well again: what was paid for is there with the next wait.
                case.polls, case.audio, case.subtitles = [case.good[0]], [case.good[1]], [case.good[2]]
                guarded(lambda: task.wait(_WAIT, quiet=True))
                if task.status != "completed" and not case.refunded:
                    problems.append(f"{status}, and not completed by the next wait: {task.error}")
                problems += _books(case, task, price)
            else:
                guarded(task.cancel)
    seconds = time.monotonic() - begun
    if seconds > SECONDS:
        problems.append(f"took {seconds:.1f} s")
    return Result(case, status, seconds, problems)


def _more(case: Case) -> dict[str, Any]:
    return {"subtitles": True} if case.asks_subtitles else {}


def _price(case: Case) -> Decimal:
    count = len(case.text)
    match case.service:
        case "soundclone":
            return Decimal(count) / 10_000 + Decimal("0.1")
        case "soundclone preview":
            return Decimal(count) / 10_000
        case "aiclone":
            return Decimal(count)
        case _:
            return count * Decimal("0.5")


def _ask(studio: Any, case: Case, guarded: Callable[[Callable[[], Any]], Any]) -> Any:
    service = case.service.partition(" ")[0]
    if case.service == "soundclone preview":
        guarded(
            lambda: studio.clone(
                "https://example.com/me.wav",
                name=f"v{case.number}",
                text=case.text,
                consent="mine",
                timeout=_WAIT,
                quiet=True,
            )
        )
        return next((one for one in studio.tasks() if one.text == case.text), None)
    if case.service == "faseeh stream":
        stream = guarded(lambda: studio.voice(VOICES[service]).stream(case.text))
        if isinstance(stream, Exception) or stream is None:
            return None
        got: Any = guarded(lambda: stream.task.wait(_WAIT, quiet=True))
        if not isinstance(got, vn.TaskTimeout):
            guarded(lambda: b"".join(stream))
        return stream.task
    task = guarded(lambda: studio.voice(VOICES[service]).submit(case.text, **_more(case)))
    if isinstance(task, Exception) or task is None:
        return None
    guarded(lambda: task.wait(_WAIT, quiet=True))
    return task


def _books(case: Case, task: Any, price: Decimal) -> list[str]:
    """What the ledger says against what the server has charged."""
    record = task.record
    posts = case.seen["submission"]
    charged = case.accepted and not case.refunded and posts > 0
    said = task.charged()
    problems = []
    if record.estimate != price:
        problems.append(f"estimated {record.estimate}, not {price}")
    if charged:
        if record.cost is not None and record.cost != price:
            problems.append(f"charged {price}, and the ledger says {record.cost} ({record.status}: {record.error})")
        if said == "nothing was charged":
            problems.append(f"charged, and said to cost nothing ({record.status}: {record.error})")
        if posts > 1:
            problems.append(f"paid {posts} times")
    elif record.cost not in {None, Decimal(0)} and record.status != "completed":
        problems.append(f"not charged, and the ledger says {record.cost} ({record.status}: {record.error})")
    if charged and not case.refunded and case.point == "subtitles" and record.status != "completed":
        problems.append(f"{record.status} for want of subtitles")
    if not case.accepted and record.status in {"completed", "queued", "processing", "downloading"}:
        problems.append(f"not accepted, and {record.status}")
    return problems


def _another(studio: Any, case: Case, server: Server, guarded: Callable[[Callable[[], Any]], Any]) -> list[str]:
    other = Case(case.number + 500_000, "soundclone", "submission", Reply(b""))
    submission, running, done = documented(other.id, other.number, "soundclone", server.url)
    other.submission, other.polls, other.audio = submission, [running, done], [Reply(WAV)]
    other.subtitles = [Reply(CUES)]
    server.cases[f"{other.number:06}"] = other
    task = guarded(lambda: studio.voice(VOICES["soundclone"]).submit(other.text))
    if (
        isinstance(task, vn.Task if hasattr(vn, "Task") else object)
        and not isinstance(task, Exception)
        and task is not None
    ):
        guarded(lambda: task.wait(0.5, quiet=True))
        guarded(task.cancel)
    del server.cases[f"{other.number:06}"]
    taken = (case.accepted and not case.refunded and case.seen["submission"] > 0) + (other.seen["submission"] > 0)
    return ["the budget is exceeded"] if taken > 1 else []


def _on_disk(case: Case, home: Path, status: str) -> list[str]:
    names = {path.stem for path in (home / "files").rglob("*.*")}
    for sound in case.sounds:
        forms = [sound, wav_of(sound, 24000, 1), wav_of(sound, 48000, 1)]
        with suppress(OSError, EOFError):
            forms.append(gzip.decompress(sound))
        if any(hashlib.sha256(one).hexdigest() in names for one in forms if one):
            return []
        if case.service.startswith("faseeh") and status == "completed":
            return []  # in a WAV of another form
    if not any(len(sound) > 44 and b"\x00" in sound for sound in case.sounds):
        return []  # pages, and nothing
    if case.point == "poll":
        return []  # it was fetched again, or the service said something else meanwhile
    return [f"{status}, and what was sent is not on disk"]


def run(count: int, seed: int, *, workers: int = 10, first: int = 0) -> list[Result]:
    """Plays `count` cases of a seed."""
    with tempfile.TemporaryDirectory() as temporary, Server() as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.VoicenbWarning)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            home = Path(temporary)
            first_of_all = vn.connect("soundclone", base_url=server.url, api_key=KEY, home=home)
            with first_of_all, ThreadPoolExecutor(workers) as pool:
                numbers = range(first, first + count)
                return list(pool.map(lambda number: play(make(number, seed, server.url), server, home), numbers))
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()


def page(results: list[Result], seed: str, command: str) -> str:
    """The table."""
    peak = most_memory() / 2**20
    lines = [
        "# Hostile answers",
        "",
        "Documented answers, mutated by grammar from seeds and sent by a scripted server that keeps books; what the client made of them.",
        f"Made by `{command}` (seed {seed}): {len(results):,} answers, the longest took {max(one.seconds for one in results):.1f} s,",
        f"the process had {peak:.0f} MB at most. *Broken* counts answers after which an error was not of the tree, something took",
        f"longer than {SECONDS:g} s, the ledger and the books differed, a budget was exceeded, a paid sound was lost or the same text was paid twice.",
        "*Open* tasks go on with `task.wait()`; *unknown* ones stay reserved.",
        "",
        "| asked of | mutated answer | how | answers | completed | failed | unknown | open | broken |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows: dict[tuple[str, str, str], Counter[str]] = {}
    for one in results:
        row = rows.setdefault((one.case.service, one.case.point, one.case.what or "values"), Counter())
        word = one.status if one.status in {"completed", "failed", "unknown"} else "open"
        row[word] += 1
        row["all"] += 1
        row["broken"] += bool(one.problems)
    total: Counter[str] = Counter()
    for (service, point, how), row in sorted(rows.items()):
        total += row
        cells = [
            service,
            point,
            how,
            *(str(row[name]) for name in ("all", "completed", "failed", "unknown", "open", "broken")),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    cells = [
        "**all**",
        "",
        "",
        *(str(total[name]) for name in ("all", "completed", "failed", "unknown", "open", "broken")),
    ]
    lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    asked = parser.parse_args()
    results = run(asked.answers, asked.seed, first=asked.first)
    for one in results:
        case, reply = one.case, one.case.submission
        for problem in one.problems:
            sys.stderr.write(
                f"{asked.seed}:{case.number} {case.service}/{case.point}/{case.what}: {problem}\n"
                f"    {reply.status} {reply.wire} {reply.data[:150]!r}\n"
            )
    command = f"python tests/harness/hostile_answers.py --answers {asked.answers} --seed {asked.seed} > benchmarks/hostile_answers.md"
    sys.stdout.write(page(results, str(asked.seed), command))
    sys.exit(any(one.problems for one in results))


if __name__ == "__main__":
    main()

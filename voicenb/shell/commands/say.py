"""``voicenb say``: a text in a cloned voice."""

from __future__ import annotations

import argparse
import codecs
import sys

from voicenb.errors import InvalidRequest, Problem
from voicenb.shell.clips import add_out, described, is_stdout, line, pipe, writable
from voicenb.shell.command import Command, add_paid, count
from voicenb.shell.connection import connected
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output
from voicenb.shell.request_options import RequestOptions

__all__ = ["COMMAND"]

_OPTIONS = RequestOptions(("production",), frozenset({"voice", "text"}))


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="what is spoken; - reads it from standard input")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--voice", metavar="NAME", help="a voice's name, or the service's id of it")
    whose.add_argument(
        "--voice-id", metavar="ID", dest="by_id", help="the service's id of a voice, whatever it looks like"
    )
    add_out(
        parser,
        "write the clip: .wav .flac .mp3 .ogg; subtitles go beside it as .srt; - writes the sound to standard output",
    )
    parser.add_argument("--takes", type=count, metavar="N", help="make N takes, each paid for")
    parser.add_argument(
        "--split", action="store_true", help="say a text that is too long in parts, split at sentences, and join them"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="what the sandbox draws its variation from")
    parser.add_argument("--price", action="store_true", help="say what it would cost, and send nothing")
    add_paid(parser)


def run(given: argparse.Namespace, out: Output) -> int:
    path, to_stdout = writable(given.out), is_stdout(given, out)
    text = _read().strip() if given.text == "-" else given.text
    values = _OPTIONS.given(given)
    with connected(given) as studio:
        voice = studio.voice(given.voice, id=given.by_id)
        if given.price:
            price = studio.price(
                voice, text, takes=given.takes, seed=given.seed, fresh=given.fresh, split=given.split, **values
            )
            out.result(
                {"amount": price.amount, "unit": price.unit, "rule": price.rule},
                [str(price), price.rule][: 1 if price.amount is None else 2],
            )
            return OK
        # One take is a take too, so there is one kind of answer.
        clips = voice.say(
            text,
            takes=given.takes or 1,
            seed=given.seed,
            fresh=given.fresh,
            split=given.split,
            timeout=given.timeout,
            **values,
        )
        documents = [
            described(clip, path and (path if given.takes is None else path.with_stem(f"{path.stem}-{number}")))
            for number, clip in enumerate(clips, start=1)
        ]
        if to_stdout:
            pipe(clips[0], given)
        out.result({"clips": documents}, map(line, clips, documents))
    return OK


def _read() -> str:
    """The text on standard input, in UTF-8 or in what its byte order mark says."""
    if sys.stdin is None or sys.stdin.closed:
        raise InvalidRequest(
            "there is no standard input to read the text from; give the text itself. Nothing was sent."
        )
    if not hasattr(sys.stdin, "buffer"):
        return sys.stdin.read()
    data = sys.stdin.buffer.read()
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
             (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
    encoding = next((name for mark, name in marks if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
        if "\0" not in text:
            return text
        reason = "text with zero bytes, as UTF-16 without a byte order mark has them,"
    except UnicodeDecodeError as error:
        reason = f"text that is not {encoding.upper()} (byte {error.start + 1} is {data[error.start]:#04x})"
    raise InvalidRequest(
        "the text on standard input cannot be read; nothing was sent",
        problems=(Problem("TEXT", reason, "save it as UTF-8, or as UTF-16 with its byte order mark"),),
    )


COMMAND = Command(
    "say",
    "speak a text in a cloned voice",
    "Speaks a text in a cloned voice. The result is kept in the home folder, and copied to --out.",
    (
        "voicenb say --voice me 'Welcome home, my friend.' --out welcome.mp3",
        "voicenb say --voice me 'Wait for it … <#0.8#> now!' --speed 1.1 --emotion happy --out now.wav",
        "voicenb say --voice me - --subtitles word --out story.mp3 < story.txt",
        "voicenb say --voice me 'Heard at once.' --out - | ffplay -autoexit -",
        "voicenb say --voice me - --split --out book.mp3 < chapter.txt",
        "voicenb say --voice me 'What would this cost?' --price",
    ),
    add,
    run,
    options=_OPTIONS,
    waits=True,
)

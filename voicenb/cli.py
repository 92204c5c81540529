"""The shell: ``voicenb lab | check | clone | say | history | resume | sandbox``.

What a command does is a call of the public face; what is here turns words into that call, its result into lines or
JSON, and its errors into exit codes. The parameters of ``clone`` and ``say`` are those of the service's typed requests.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from voicenb.errors import (
    BadReference,
    BudgetExceeded,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    Problem,
    VoicenbError,
)

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.audio import Clip
    from voicenb.services.base import Kind, Parameter
    from voicenb.studio import Studio

__all__ = ["COMMANDS", "main"]

COMMANDS = ("lab", "check", "clone", "say", "history", "resume", "sandbox")
"""Every command, in the order in which a new reader meets them."""

_OK, _DAMAGED, _SERVICE, _USAGE, _MONEY, _UNKNOWN, _INTERRUPTED = 0, 1, 3, 2, 4, 5, 130
_EXITS: tuple[tuple[type[VoicenbError], int], ...] = (
    (InvalidRequest, _USAGE),
    (BadReference, _USAGE),
    (InsufficientBalance, _MONEY),
    (BudgetExceeded, _MONEY),
    (OutcomeUnknown, _UNKNOWN),
)
_EXIT_HELP = (
    "exit codes: 0 ok · 2 usage, or a request or recording that breaks a rule ·\n"
    "3 the service or the task failed · 4 money · 5 nobody knows whether the request\n"
    "was accepted · 130 interrupted"
)

# What is not a parameter of the request but an argument of the command.
_OWN: Mapping[str, frozenset[str]] = {
    "clone": frozenset({"reference", "preview", "name", "text", "language"}),
    "say": frozenset({"voice", "text"}),
}
_REQUESTS_OF: Mapping[str, tuple[Kind, ...]] = {"clone": ("preview", "voice"), "say": ("production",)}

_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
_WIDTH = 79


# -- the words -------------------------------------------------------------------------------------------------


def _group(title: str) -> tuple[argparse.ArgumentParser, argparse._ArgumentGroup]:
    """A parser that others inherit from, for options that may stand before a command's name or after it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    return parser, parser.add_argument_group(title)


def _everywhere() -> argparse.ArgumentParser:
    parser, group = _group("everywhere")
    group.add_argument(
        "--home", metavar="DIR", help="where ledger and files are (default: VOICENB_HOME, else user data)"
    )
    group.add_argument("--json", action="store_true", help="one JSON document on stdout; people read stderr")
    group.add_argument("--quiet", action="store_true", help="no progress and no notes")
    return parser


def _service() -> argparse.ArgumentParser:
    parser, group = _group("service")
    group.add_argument(
        "--service", metavar="NAME", help="a live service, such as soundclone (default: the sandbox, as SoundClone)"
    )
    group.add_argument("--sandbox", action="store_true", help="let the sandbox answer as --service")
    return parser


def _command(
    commands: Any, common: Sequence[argparse.ArgumentParser], name: str, summary: str, about: str, *examples: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        parents=common,
        allow_abbrev=False,
        help=summary,
        description=textwrap.fill(about, _WIDTH),
        epilog="\n".join(["examples:", *(f"  {one}" for one in examples), "", _EXIT_HELP]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _parser(wanted: str | None, service: str | None) -> argparse.ArgumentParser:
    """The parser; the parameters of the `wanted` command are read from `service`'s requests."""
    from voicenb.ledger import STATUSES

    everywhere, talking = [_everywhere()], [_service(), _everywhere()]
    parser = argparse.ArgumentParser(
        prog="voicenb",
        parents=talking,
        allow_abbrev=False,
        description=textwrap.fill(
            "Clone a voice, speak in it, and keep every paid task safe. Without --service the built-in sandbox "
            "answers: no key, no network, no bill.",
            _WIDTH,
        ),
        epilog="examples:\n"
        "  voicenb lab\n"
        "  voicenb clone me.wav --name me --consent 'my own voice'\n"
        "  voicenb say --voice me 'Welcome home, my friend.' --speed 1.1 --out welcome.mp3\n\n"
        f"{_EXIT_HELP}\n\n`voicenb COMMAND --help` says more, with the service's own parameters.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"voicenb {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")

    lab = _command(
        commands, everywhere, "lab", "open the tutorials in JupyterLab",
        "Opens the tutorials in JupyterLab, on this machine only. In a checkout they are its own notebooks; elsewhere "
        "they are copied to ./voicenb-notebooks, and what is there already stays as you left it.",
        "voicenb lab", "voicenb lab --no-browser --port 8899", "voicenb lab --check",
    )  # fmt: skip
    lab.add_argument("--port", type=_port, metavar="N", help="the port on 127.0.0.1 (default: the first free one)")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    lab.add_argument("--folder", metavar="DIR", help="where the copies of the tutorials go")
    lab.add_argument(
        "--check", action="store_true", help="run the first tutorial without a browser and print the file it made"
    )

    check = _command(
        commands, talking, "check", "say whether a recording can be cloned",
        "Reads a recording and says, rule by rule, what was found, what the service allows, and what to do about it. "
        "Nothing is sent. The exit code is 2 where a rule is broken.",
        "voicenb check me.wav", "voicenb check me.wav --json | jq '.[] | select(.severity == \"error\")'",
    )  # fmt: skip
    check.add_argument("file", metavar="FILE", help="a recording, or its URL")

    clone = _command(
        commands, talking, "clone", "make a voice from a recording",
        "Clones the voice of a recording, lets it speak a preview, and keeps both under a name.",
        "voicenb clone me.wav --name me --text 'Hello.' --language English --consent 'my own voice'",
        "voicenb clone me.wav --service soundclone --name me --version v2",
    )  # fmt: skip
    clone.add_argument("file", metavar="FILE", help="a recording, or its URL")
    clone.add_argument("--name", metavar="NAME", help="what to call the voice (default: the recording's name)")
    clone.add_argument("--text", metavar="TEXT", help="what the preview speaks (default: a line in --language)")
    clone.add_argument("--language", metavar="NAME", help="the language of the text, such as English")
    clone.add_argument("--consent", metavar="TEXT", help="the speaker's consent, in your words; kept with the voice")
    clone.add_argument("--out", metavar="FILE", help="also write the preview: .wav .flac .mp3 .ogg")

    say = _command(
        commands, talking, "say", "speak a text in a cloned voice",
        "Speaks a text in a cloned voice. The result is kept in the home folder, and copied to --out.",
        "voicenb say --voice me 'Welcome home, my friend.' --out welcome.mp3",
        "voicenb say --voice me 'Wait for it … <#0.8#> now!' --speed 1.1 --emotion happy --out now.wav",
        "voicenb say --voice me - --subtitles word --out story.mp3 < story.txt",
        "voicenb say --voice me 'What would this cost?' --price",
    )  # fmt: skip
    say.add_argument("text", metavar="TEXT", help="what is spoken; - reads it from standard input")
    say.add_argument("--voice", metavar="NAME", required=True, help="a voice's name, or the service's id of it")
    say.add_argument(
        "--out", metavar="FILE", help="write the clip: .wav .flac .mp3 .ogg; subtitles go beside it as .srt"
    )
    say.add_argument("--takes", type=_count, metavar="N", help="make N takes, each paid for")
    say.add_argument("--seed", type=int, metavar="N", help="what the sandbox draws its variation from")
    say.add_argument("--price", action="store_true", help="say what it would cost, and send nothing")
    for one in (clone, say):
        one.add_argument(
            "--budget", metavar="X", help="refuse before sending what would cost more, in the service's unit"
        )
        one.add_argument(
            "--fresh", action="store_true", help="make and pay a new one, even where the same was made before"
        )
        _add_timeout(one)
    for name, one in (("clone", clone), ("say", say)):
        if name == wanted:
            _add_parameters(one, name, service)

    history = _command(
        commands, talking, "history", "list what was made, and what it cost",
        "Lists the tasks of this home, the newest first, whatever notebook or shell they came from. "
        "Amounts in JSON are text, so that no digit is lost. With `verify` it hashes every file again and fetches from "
        "its service what is damaged or gone; the exit code is 1 where something could not be repaired.",
        "voicenb history --since 7d --status completed", "voicenb history --csv > tasks.csv",
        "voicenb history --json | jq '.[0].file'", "voicenb history verify",
    )  # fmt: skip
    history.add_argument("what", nargs="?", choices=("verify",), metavar="verify", help="check the files instead")
    history.add_argument("--since", metavar="WHEN", help="7d, 12h, 90m, or a date such as 2026-11-01")
    history.add_argument(
        "--status", metavar="NAME", action="append", choices=STATUSES,
        help=f"only tasks that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}; may be given more than once",
    )  # fmt: skip
    history.add_argument(
        "--limit", type=_count, metavar="N", help="at most N tasks (default 20; all with --json, --csv)"
    )
    history.add_argument("--csv", action="store_true", help="comma-separated values with every column")

    resume = _command(
        commands, talking, "resume", "take up what a dead kernel left",
        "Follows every open task that a dead kernel left behind until its audio is on disk, and says what is known of "
        "those whose answer was lost. Nothing is sent again. The exit code is 5 while such tasks are left.",
        "voicenb resume", "voicenb resume --service soundclone --timeout 60",
    )  # fmt: skip
    _add_timeout(resume)

    sandbox = _command(
        commands, everywhere, "sandbox", "run the sandbox by hand",
        "Runs the sandbox in the foreground until Ctrl-C or SIGTERM: the services' twins on 127.0.0.1, for any client. "
        "voicenb itself needs no such thing, it starts one when it connects. With --json, its stdout is one line with "
        "address and key.",
        "voicenb sandbox", "voicenb sandbox --port 8765 --json",
    )  # fmt: skip
    sandbox.add_argument("--port", type=_port, default=0, metavar="N", help="the port (default: the system chooses)")
    return parser


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout", type=_seconds, default=600.0, metavar="S",
        help="stop waiting after S seconds (default 600); the task goes on",
    )  # fmt: skip


def _add_parameters(parser: argparse.ArgumentParser, command: str, service: str | None) -> None:
    from voicenb import services

    kind = services.get(service or "soundclone")
    group = parser.add_argument_group(f"parameters of {kind.profile.label}")
    for name, one in _parameters(command, service).items():
        options = dict.fromkeys([f"--{name}", f"--{one.wire}"])
        group.add_argument(
            *options, dest=name, default=argparse.SUPPRESS, metavar=_metavar(one), help=_help(one).replace("%", "%%")
        )


def _parameters(command: str, service: str | None) -> dict[str, Parameter]:
    """The parameters that become options: those of the service's requests that the command has no argument for."""
    from voicenb import services

    kind = services.get(service or "soundclone")
    found: dict[str, Parameter] = {}
    for call in _REQUESTS_OF[command]:
        if call == "voice" and kind.profile.cloning != "voice":
            continue
        for name, one in kind.request_type(call).parameters().items():
            if name not in _OWN[command]:
                found.setdefault(name, one)
    return found


def _metavar(one: Parameter) -> str:
    return {"number": "X", "integer": "N", "choice": "WORD", "switch": "on|off"}.get(one.type, "TEXT")


def _help(one: Parameter) -> str:
    unit = f" {one.unit}" if one.unit else ""
    rule = ""
    if one.choices:
        rule = ": " + ", ".join(map(_word, one.choices))
    elif one.low is not None:
        most = " or more" if one.high is None else f" to {one.high:g}"
        rule = f": {'above ' if one.low_excluded else ''}{one.low:g}{most}{unit}"
    default = "" if one.default is None else f" (default {_word(one.default)})"
    return f"{one.help.rstrip('.')}{rule}{default}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(text: str, one: Parameter) -> Any:
    """`text` as a value of the parameter; what it cannot be stays text, and the request says what is allowed."""
    for choice in one.choices:
        if text == str(choice):
            return choice
    if one.type in {"switch", "choice"} and text.lower() in _SWITCH:
        return _SWITCH[text.lower()]
    if one.type == "text" and text.startswith(("{", "[")):
        # Strengths of emotions, and fields that a service echoes, have no shorter form.
        with suppress(ValueError):
            return json.loads(text)
    for number in {"integer": (int, float), "number": (float,), "switch": (int,)}.get(one.type, ()):
        with suppress(ValueError):
            return number(text)
    return text


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return seconds


def _version() -> str:
    from importlib.metadata import version

    return version("voicenb")


def _peek(words: Sequence[str]) -> tuple[str | None, str | None]:
    """The command and the service that the words name, before there is a parser for them."""
    command = next((word for word in words if word in COMMANDS), None)
    service = None
    for position, word in enumerate(words):
        if word == "--service" and position + 1 < len(words):
            service = words[position + 1]
        elif word.startswith("--service="):
            service = word.partition("=")[2]
    return command, service


# -- what comes out --------------------------------------------------------------------------------------------


class _Output:
    """Results on stdout; notes, errors and progress on stderr."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def result(self, document: Any, lines: Iterable[str]) -> None:
        """The result: `document` with ``--json``, else `lines`."""
        if self.as_json:
            print(json.dumps(document, default=_plain, indent=2))
        else:
            for line in lines:
                print(line)

    def note(self, line: str) -> None:
        """Something good to know."""
        if not self.quiet:
            print(line, file=sys.stderr)

    def error(self, error: VoicenbError, code: int) -> int:
        """One clear message on stderr, and the same as a document with ``--json``."""
        print(f"voicenb: {error}", file=sys.stderr)
        if self.as_json:
            problems = [
                {"field": one.field, "given": one.given, "allowed": one.allowed}
                for one in getattr(error, "problems", ())
            ]
            about = {"type": type(error).__name__, "message": str(error), "exit": code, "task": error.task}
            print(json.dumps({"error": about | ({"problems": problems} if problems else {})}, indent=2))
        return code


def _plain(value: Any) -> Any:
    """A value that JSON has no word for."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    # Decimal and Path: a number in JSON would lose digits.
    return str(value)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object)
    return [
        {str(name): value for name, value in row.items()}
        for row in plain.where(plain.notna(), None).to_dict(orient="records")
    ]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _short(text: object, width: int) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


# -- the commands ----------------------------------------------------------------------------------------------


def _connect(given: argparse.Namespace) -> Studio:
    from voicenb.studio import connect

    service = getattr(given, "service", None)
    return connect(
        service, sandbox=True if getattr(given, "sandbox", False) else None, budget=getattr(given, "budget", None)
    )


def _writable(out: str | None) -> Path | None:
    """`out` as a path that a clip can be written to, found out before anything is paid for."""
    if out is None:
        return None
    from voicenb.audio import AudioError, encode

    path = Path(out)
    allowed = "use .wav, .flac, .mp3 or .ogg, in a folder that you can write"
    try:
        encode([0.0], 8_000, path.suffix.lower().removeprefix("."))
    except AudioError:
        raise InvalidRequest(
            "the clip could not be written there; nothing was sent",
            problems=(Problem("--out", repr(out), allowed),),
        ) from None
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InvalidRequest(
            "the clip could not be written there; nothing was sent",
            problems=(Problem("--out", repr(out), allowed),),
        )
    return path


def _lab(given: argparse.Namespace, out: _Output) -> int:  # noqa: RET503 - the other way does not return
    from voicenb import lab

    place = lab.folder(given.folder)
    if given.check:
        out.note(f"Running {lab.FIRST} in {place} …")
        done = lab.check(place)
        out.note(f"It ran from top to bottom in {done.seconds:.0f} s and wrote:")
        out.result(
            {"notebook": done.notebook, "files": done.files, "seconds": round(done.seconds, 1)}, map(str, done.files)
        )
        return _OK
    command = lab.command(place, port=given.port, browser=not given.no_browser)
    out.note(f"The tutorials are in {place}. Ctrl-C ends JupyterLab.")
    _become(command)


def _sandbox(given: argparse.Namespace, _: _Output) -> int:
    # The home is in the environment by now.
    command = [sys.executable, "-m", "voicenb.sandbox", "--port", str(given.port)]
    _become([*command, "--json"] if getattr(given, "json", False) else command)


def _become(command: list[str]) -> NoReturn:
    """Lets another program take this one's place, signals and exit code included."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 - this interpreter, with arguments that no shell reads
    process = subprocess.Popen(command)  # noqa: S603 - as above; Windows has no exec that a console waits for
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            # The console sent it to both; the program ends in its own way.
            continue


def _check(given: argparse.Namespace, out: _Output) -> int:
    from voicenb import services
    from voicenb.keys import Secret
    from voicenb.reference import Reference
    from voicenb.services.http import Http

    kind = services.get(getattr(given, "service", None) or "soundclone")
    # Its rules, without a key: nothing is sent.
    found = Reference(given.file).check(kind(Http(kind.profile.id, kind.profile.base_url, Secret(""))))
    rows = _rows(found)
    broken = [row for row in rows if row["severity"] == "error"]

    def lines() -> Iterable[str]:
        names = ("severity", "rule", "found", "allowed")
        table = _table(names, ([_short(row[name] or "", 60) for name in names] for row in rows))
        yield table[0]
        for line, row in zip(table[1:], rows, strict=True):
            yield line
            if row["fix"]:
                yield textwrap.fill(row["fix"], _WIDTH, initial_indent="  → ", subsequent_indent="    ")

    out.result(rows, lines())
    if broken:
        out.note(f"{kind.profile.label} would not take it: {', '.join(str(row['rule']) for row in broken)}.")
    return _USAGE if broken else _OK


def _given_parameters(given: argparse.Namespace) -> dict[str, Any]:
    known = _parameters(given.command, getattr(given, "service", None))
    return {name: _value(getattr(given, name), one) for name, one in known.items() if hasattr(given, name)}


def _clone(given: argparse.Namespace, out: _Output) -> int:
    path = _writable(given.out)
    with _connect(given) as studio:
        voice = studio.clone(
            given.file, name=given.name, text=given.text, language=given.language, consent=given.consent,
            fresh=given.fresh, timeout=given.timeout, **_given_parameters(given),
        )  # fmt: skip
        preview = voice.preview
        document = None if preview is None else _described(preview, path)
        if path is not None and preview is None:
            out.note("There is no preview to write: this service makes one where --text is given.")
        if voice.consent is None:
            out.note("No consent is recorded; --consent 'who agreed to what' keeps it with the voice.")
        life = f", {voice.until}" if voice.until else ""
        out.result(
            {
                "name": voice.name,
                "id": voice.id,
                "service": studio.service.profile.id,
                "endpoint": studio.endpoint,
                "expires": voice.expires,
                "consent": voice.consent,
                "preview": document,
            },
            [f"{voice.name}{life}", *([] if preview is None or document is None else [_line(preview, document)])],
        )
    return _OK


def _say(given: argparse.Namespace, out: _Output) -> int:
    path = _writable(given.out)
    text = sys.stdin.read().strip() if given.text == "-" else given.text
    values = _given_parameters(given)
    with _connect(given) as studio:
        voice = studio.voice(given.voice)
        if given.price:
            price = studio.price(voice, text, **values)
            amount = None if price.amount is None else price.amount * (given.takes or 1)
            out.result(
                {"amount": amount, "unit": price.unit, "rule": price.rule},
                [str(type(price)(amount, price.unit, price.rule)), price.rule][: 1 if amount is None else 2],
            )
            return _OK
        # One take is a take too, so there is one kind of answer.
        clips = voice.say(
            text, takes=given.takes or 1, seed=given.seed, fresh=given.fresh, timeout=given.timeout, **values
        )
        documents = [
            _described(clip, path and (path if given.takes is None else path.with_stem(f"{path.stem}-{number}")))
            for number, clip in enumerate(clips, start=1)
        ]
        out.result({"clips": documents}, map(_line, clips, documents))
    return _OK


def _described(clip: Clip, path: Path | None) -> dict[str, Any]:
    """What there is to know about a clip, which is written to `path` where there is one, subtitles beside it."""
    task = clip.task
    subtitles = None
    if path is not None:
        clip.save(path)
        if clip.subtitles is not None:
            asked = getattr(task, "parameters", {}).get("subtitles")
            subtitles = clip.subtitles.save(path.with_suffix(".srt"), "word" if asked == "word" else None)
    return {
        "task": getattr(task, "id", None),
        "remote_id": getattr(task, "remote_id", None),
        "voice": getattr(task, "voice", None),
        "text": getattr(task, "text", None),
        "parameters": getattr(task, "parameters", {}),
        "file": path or clip.path,
        "subtitles": subtitles,
        "seconds": round(clip.duration, 3),
        "rate": clip.rate,
        "cached": getattr(task, "cached", False),
        "cost": getattr(task, "cost", None),
        "unit": getattr(task, "unit", None),
    }


def _line(clip: Clip, document: Mapping[str, Any]) -> str:
    from voicenb.display import seconds
    from voicenb.services.base import plain

    cost = "cost not known" if document["cost"] is None else f"{plain(document['cost'])} {document['unit']}"
    before = ", made and paid before" if document["cached"] else ""
    return f"{document['file']}  {seconds(clip.duration)} · {cost}{before}"


def _verify(out: _Output) -> int:
    from voicenb.history import damaged
    from voicenb.home import home
    from voicenb.ledger import Ledger

    ledger = Ledger.at(home())
    found = damaged(ledger)
    for service, endpoint in sorted({(record.service, record.endpoint) for record, _, _ in found}):
        try:
            with _at(service, endpoint) as studio:
                studio.history.verify()
        except VoicenbError as error:
            out.note(f"{service} at {endpoint}: nothing could be fetched. {error}")
    rows = [
        {
            "task": record.id,
            "service": record.service,
            "file": ledger.file(name),
            "state": "repaired" if ledger.is_sound(name) else state,
        }
        for record, name, state in found
    ]
    left = sum(row["state"] != "repaired" for row in rows)
    names = ("state", "task", "service", "file")
    table = _table(
        names, ([_short(row["task"], 9) if name == "task" else str(row[name]) for name in names] for row in rows)
    )
    out.result(rows, table if rows else ["Every file is as it should be."])
    if left:
        out.note(f"{left} of {len(rows)} could not be repaired: look for a backup of {ledger.home / 'files'}.")
    return _DAMAGED if left else _OK


def _at(service: str, endpoint: str) -> Studio:
    """The studio that made the tasks of an endpoint."""
    from voicenb.studio import connect
    from voicenb.voices import SANDBOX

    return connect(service, sandbox=True) if endpoint == SANDBOX else connect(service, base_url=endpoint)


def _resume(given: argparse.Namespace, out: _Output) -> int:
    from voicenb.schema import OPEN

    open_ = OPEN - {"planned"}
    with _connect(given) as studio:
        taken = studio.resume()
        for task in taken:
            with suppress(VoicenbError):
                task.wait(given.timeout)
        lost = studio.tasks("unknown")
        for task in lost:
            with suppress(VoicenbError):
                task.reconcile()
        found = {task.id: task for task in (*taken, *lost)}.values()
        rows = [
            {
                "task": task.id,
                "status": task.status,
                "charged": task.charged(),
                "known": task.findings or str(task.error or ""),
            }
            for task in found
        ]
        here = (studio.service.profile.id, studio.endpoint)
        ledger = studio._ledger  # noqa: SLF001 - what other services' kernels left is nowhere else
        others = {
            (one.service, one.endpoint) for one in ledger.tasks(status=open_) if not ledger.is_alive(one.owner)
        } - {here}
    table = _table(tuple(rows[0]), ([row["task"][:8], *list(row.values())[1:]] for row in rows)) if rows else []
    out.result(rows, table or ["Nothing was left behind."])
    for service, endpoint in sorted(others):
        which = "--sandbox" if endpoint == "sandbox" else ""
        out.note(f"{service} at {endpoint} has open tasks, too: voicenb resume --service {service} {which}".rstrip())
    states = {row["status"] for row in rows}
    return _UNKNOWN if "unknown" in states else _SERVICE if states - {"completed", "planned"} else _OK


def _history(given: argparse.Namespace, out: _Output) -> int:
    if given.what == "verify":
        return _verify(out)

    from voicenb.frames import task_frame
    from voicenb.history import parse_since
    from voicenb.home import home
    from voicenb.ledger import Ledger
    from voicenb.services.base import plain

    # Read from the ledger itself: to look back, no service needs to be there.
    ledger = Ledger.at(home())
    records = ledger.tasks(
        status=given.status,
        service=getattr(given, "service", None),
        since=parse_since(given.since),
        limit=given.limit or (None if out.as_json or given.csv else 20),
    )
    frame = task_frame(records, ledger)
    if given.csv and not out.as_json:
        frame.to_csv(sys.stdout, index=False, lineterminator="\n")
        return _OK
    rows = _rows(frame)

    def lines() -> Iterable[str]:
        if not rows:
            yield "No tasks."
            return
        yield from _table(
            ("created (UTC)", "task", "kind", "status", "voice", "seconds", "cost", "text"),
            (
                (
                    f"{row['created']:%Y-%m-%d %H:%M:%S}",
                    row["id"][:8],
                    row["kind"],
                    row["status"],
                    _short(row["voice"] or "–", 16),
                    "–" if row["seconds"] is None else f"{row['seconds']:.2f}",
                    f"{plain(row['cost'])} {row['unit']}" if isinstance(row["cost"], Decimal) else "–",
                    _short(row["text"] or "", 40),
                )
                for row in rows
            ),
        )

    out.result(rows, lines())
    return _OK


_RUN = {
    "lab": _lab,
    "check": _check,
    "clone": _clone,
    "say": _say,
    "history": _history,
    "resume": _resume,
    "sandbox": _sandbox,
}


# -- main ------------------------------------------------------------------------------------------------------


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; the answer is the exit code.

    Args:
        words: The command line without the program's name; else the process's own.
    """
    words = sys.argv[1:] if words is None else list(words)
    out = _Output(as_json="--json" in words, quiet="--quiet" in words)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console that cannot show a character shows a question mark, rather than nothing at all.
            stream.reconfigure(errors="replace")
    try:
        given = _parser(*_peek(words)).parse_args(words)
        return _run(given, out)
    except KeyboardInterrupt as interrupt:
        print("\n".join(["voicenb: interrupted", *getattr(interrupt, "__notes__", ())]), file=sys.stderr)
        return _INTERRUPTED
    except VoicenbError as error:
        return out.error(error, next((code for kind, code in _EXITS if isinstance(error, kind)), _SERVICE))
    except BrokenPipeError:
        # Whoever reads has had enough (`voicenb history | head`); Python would complain again while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK
    except OSError as error:
        return out.error(VoicenbError(f"{error.strerror or error}: {error.filename or 'input or output'}"), _SERVICE)


def _run(given: argparse.Namespace, out: _Output) -> int:
    if hasattr(given, "home"):
        # Programs that a command starts find it there, too.
        os.environ["VOICENB_HOME"] = str(Path(given.home).expanduser().absolute())
    if given.command in {*_REQUESTS_OF, "resume"}:
        from voicenb.tasks import show_progress

        show_progress("none" if out.quiet or not sys.stderr.isatty() else "bar")
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: out.note(f"voicenb: {message}")
        return _RUN[given.command](given, out)

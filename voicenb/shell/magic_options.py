"""The options of the magics: what there is, what a line gives, what Tab and ``--help`` say of them."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest
from voicenb.ledger.records import STATUSES
from voicenb.services.base import Kind, Parameter, Service
from voicenb.services.signatures import CLONED, SPOKEN, parameters_of
from voicenb.shell.request_options import described, value_of as read_value

__all__ = ["CLONE", "HISTORY", "SAY", "VOICES", "Magic", "named_option", "value_of", "whole"]

_HELP = {"--help", "-h"}


@dataclass(frozen=True)
class Magic:
    """One magic and its options.

    Attributes:
        call: How it is called, with its signs.
        about: What it does, in a sentence.
        example: A whole line.
        options: Its own options with what they mean.
        switches: Those of them that need no value.
        kinds: The calls of the service whose parameters are options, too.
        takes: What may stand without an option's name, or "".
        values: The words that an option takes, where there are few.
    """

    call: str
    about: str
    example: str
    options: Mapping[str, str]
    switches: frozenset[str] = frozenset()
    kinds: tuple[Kind, ...] = ()
    takes: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def line(self) -> bool:
        """Whether it is called on a line of its own, and not on a cell."""
        return not self.call.startswith("%%")

    def parameters(self, service: Service | type[Service]) -> dict[str, Parameter]:
        """The parameters of the service that are options."""
        if not self.kinds:
            return {}
        return {name: one for name, one in parameters_of(service, self.kinds).items() if name not in self.options}

    def unknown(self, word: str, known: Mapping[str, Any] | None = None) -> InvalidRequest:
        """The error for a word that is no option of it.

        Args:
            word: What was given.
            known: Names of options beside its own.
        """
        names = [*self.options, *(known or ())]
        near = did_you_mean(f"--{word.removeprefix('--').partition('=')[0]}", [f"--{one}" for one in names])
        return InvalidRequest(
            f"{self.call} has no option {word!r}; {near}it has {', '.join(f'--{one}' for one in names)}"
        )

    def asks_for_help(self, line: str) -> bool:
        """Whether a line asks what the options are."""
        return not _HELP.isdisjoint(line.split())

    def given(self, line: str, service: Service | type[Service] | None = None) -> dict[str, Any]:
        """``--name value``, ``--name=value`` and bare switches of a line; under "" what stands without a name.

        Args:
            line: The line after the magic's name.
            service: Whose parameters are options.

        Raises:
            InvalidRequest: A word is none of these, or an option lacks its value.
        """
        parameters = {} if service is None else self.parameters(service)
        known = {*self.options, *parameters}
        switches = self.switches | {name for name, one in parameters.items() if one.type == "switch"}
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise InvalidRequest(f"{self.call} {line}: {error}; close every quotation mark") from None
        found: dict[str, Any] = {}
        while words:
            word = words.pop(0)
            name, equals, value = word.removeprefix("--").partition("=")
            name = name.replace("-", "_")
            if self.takes and not word.startswith("--") and "" not in found:
                found[""] = word
            elif not word.startswith("--") or name not in known:
                raise self.unknown(word, parameters)
            elif equals:
                found[name] = value
            elif words and not words[0].startswith("--") and not (name in switches and words[0] not in {"on", "off"}):
                found[name] = words.pop(0)
            elif name in switches:
                found[name] = True
            else:
                raise InvalidRequest(f"{self.call} --{name} needs a value")
        return found

    def help(self, service: Service | type[Service]) -> str:
        """What ``--help`` prints, for a service."""
        lines = [self.about, "", f"    {self.example}", "", "options:"]
        lines += [_entry(name, what) for name, what in self.options.items()]
        if parameters := self.parameters(service):
            lines += ["", f"parameters of {service.profile.label}:"]
            lines += [_entry(name, described(one)) for name, one in parameters.items()]
        return "\n".join(lines) + "\n"

    def completions(self, line: str, word: str, service: Service | type[Service]) -> list[str] | None:
        """The options that `word` may become, or the known values of the option before it; None where neither is asked for.

        Args:
            line: The line up to the cursor, with the magic's name.
            word: Its last word, which may be "".
            service: Whose parameters are options.
        """
        parameters = self.parameters(service)
        option = self.open_option(line, word)
        one = parameters.get(option or "")
        values = self.values.get(option or "", ())
        if one is not None:
            values = tuple(map(_word, one.choices)) or (("on", "off") if one.type == "switch" else ())
        if values:
            return [value for value in values if value.startswith(word.rpartition("=")[2])]
        if word.startswith("-") or (not word and (option is None or option in self.switches) and not self.takes):
            used = set(re.findall(r"--([\w-]+)", line[: len(line) - len(word)]))
            names = [name for name in (*self.options, *parameters) if name not in used]
            return [f"--{name}" for name in (*names, "help") if f"--{name}".startswith(word)]
        return None

    def open_option(self, line: str, word: str) -> str | None:
        """The option whose value `word` is, or None."""
        before = line[: len(line) - len(word)].split()
        last = before[-1] if before else ""
        last = last.removesuffix("=")
        return last.removeprefix("--") if last.startswith("--") and "=" not in last else None


def _entry(name: str, what: str) -> str:
    filled = textwrap.fill(what, 79, initial_indent=" " * 24, subsequent_indent=" " * 24)
    head = f"  --{name}"
    return head.ljust(24) + filled[24:] if len(head) < 23 else f"{head}\n{filled}"


def _word(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def named_option(line: str, name: str) -> str | None:
    """The value of ``--name`` in a line, before the line is read as a whole."""
    found = re.search(rf"(?:^|\s)--{name}[=\s]\s*(\S+)", line)
    return found[1] if found else None


def value_of(one: Parameter, given: str | bool) -> Any:
    """An option's text as its parameter takes it; what cannot be read stays text, and the request says what is allowed."""
    return given if isinstance(given, bool) else read_value(given, one)


def whole(name: str, given: str | bool | None) -> int | None:
    """An option's text as a whole number.

    Raises:
        InvalidRequest: It is none.
    """
    if given is None:
        return None
    try:
        return int(given)
    except ValueError:
        raise InvalidRequest(f"--{name} {given}: allowed is a whole number") from None


_STUDIO = "a variable that holds the studio; the newest studio when omitted, else the sandbox"
_FRESH = "make and pay a new one, though the same was made before"

SAY = Magic(
    "%%say",
    "Speaks the cell's text. The clip is the cell's value.",
    "%%say --voice me --speed 1.1 --into clip",
    {
        "voice": "the voice's name; the newest voice when omitted",
        "takes": "how many takes to make, each paid for",
        "seed": "what the sandbox draws its variation from",
        "split": "say a text that is too long in parts, split at sentences, and join them",
        "into": "a variable that gets the clip, or the list of takes",
        "studio": _STUDIO,
        "fresh": _FRESH,
    },
    switches=frozenset({"fresh", "split"}),
    kinds=SPOKEN,
)
CLONE = Magic(
    "%clone",
    "Makes a voice from a recording: a path, a URL, or a variable that holds one.",
    "%clone me.wav --name me --consent 'my own voice' --into voice",
    {
        "name": "what to call the voice; the recording's name when omitted",
        "text": "what the preview speaks",
        "language": "the language of the text, such as English",
        "consent": "the speaker's consent, in your words; kept with the voice",
        "preview": "a preview of this recording that you have already (Faseeh); --text is what it speaks",
        "into": "a variable that gets the voice",
        "studio": _STUDIO,
        "fresh": _FRESH,
    },
    switches=frozenset({"fresh"}),
    kinds=CLONED,
    takes="FILE",
)
VOICES = Magic("%voices", "The voices of the home, the newest first, as a frame.", "%voices", {"studio": _STUDIO})
HISTORY = Magic(
    "%history",
    "The tasks of the home, the newest first, as a frame. A line in the form of IPython's own %history is answered by IPython.",
    "%history --since 7d --status completed --limit 20",
    {
        "since": "such as 7d",
        "status": "such as completed",
        "service": "such as soundclone",
        "limit": "at most so many",
        "studio": _STUDIO,
    },
    values={"status": STATUSES},
)

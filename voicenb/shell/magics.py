"""``%load_ext voicenb``: ``%%say`` speaks a cell's text, ``%voices`` and ``%history`` list what there is.

The options of ``%%say`` are the parameters of the service's own typed request, by voicenb's names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from voicenb.errors import InvalidRequest
from voicenb.studio.connect import connect
from voicenb.studio.studio import Studio

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.services.base import Parameter

__all__ = ["VoicenbMagics", "register"]

_OWN = {
    "voice": "the voice's name; the newest voice when omitted",
    "takes": "how many takes to make, each paid for",
    "seed": "what the sandbox draws its variation from",
    "into": "a variable that gets the clip, or the list of takes",
    "studio": "a variable that holds the studio; the newest studio when omitted, else the sandbox",
    "fresh": "make and pay a new one, though the same was made before",
}
_SWITCHES = {"fresh"}
_HISTORY = {
    "since": "such as 7d",
    "status": "such as completed",
    "service": "such as soundclone",
    "limit": "at most so many",
    "studio": _OWN["studio"],
}


def _no_history(line: str) -> None:
    raise InvalidRequest(f"%history has no option {line!r}; it has {', '.join(f'--{one}' for one in _HISTORY)}")


_ipythons: Callable[[str], Any] = _no_history


def register(shell: Any) -> None:
    """Gives the magics to an IPython shell."""
    global _ipythons  # noqa: PLW0603 - IPython's magics belong to the process's one shell
    there = shell.find_line_magic("history")
    if there is not None and not isinstance(getattr(there, "__self__", None), VoicenbMagics):
        _ipythons = there
    shell.register_magics(VoicenbMagics)


def _options(line: str, known: Sequence[str], switches: Sequence[str], what: str) -> dict[str, str | bool]:
    """``--name value``, ``--name=value`` and bare switches of a magic's line.

    Raises:
        InvalidRequest: A word is none of these.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidRequest(f"{what} {line}: {error}; close every quotation mark") from None
    found: dict[str, str | bool] = {}
    while words:
        word = words.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        if not word.startswith("--") or name not in known:
            raise InvalidRequest(f"{what} has no option {word!r}; it has {', '.join(f'--{one}' for one in known)}")
        if equals:
            found[name] = value
        elif words and (not words[0].startswith("--")) and not (name in switches and words[0] not in {"on", "off"}):
            found[name] = words.pop(0)
        elif name in switches:
            found[name] = True
        else:
            raise InvalidRequest(f"{what} --{name} needs a value")
    return found


def _value(one: Parameter, given: str | bool) -> Any:
    """An option's text as its parameter takes it; what cannot be read stays text, and the request says what is allowed."""
    if isinstance(given, bool):
        return given
    if given.casefold() in {"on", "off"} and (one.type == "switch" or False in one.choices):
        return given.casefold() == "on"
    match = next((choice for choice in one.choices if str(choice) == given), None)
    if match is not None:
        return match
    if one.type in {"number", "integer"}:
        for kind in (int, float):
            try:
                return kind(given)
            except ValueError:
                continue
    return given


def _whole(name: str, given: str | bool | None) -> int | None:
    if given is None:
        return None
    try:
        return int(given)
    except ValueError:
        raise InvalidRequest(f"--{name} {given}: allowed is a whole number") from None


@magics_class
class VoicenbMagics(Magics):
    """The magics of voicenb."""

    shell: Any

    def _studio(self, name: str | bool | None) -> Studio:
        """The studio of that variable; else the newest studio in the notebook; else the sandbox."""
        if name is not None:
            found = self.shell.user_ns.get(name)
            if not isinstance(found, Studio):
                raise InvalidRequest(f"--studio {name}: there is no studio of that name in this notebook")
            return found
        there = [
            value for key, value in self.shell.user_ns.items() if isinstance(value, Studio) and not key.startswith("_")
        ]
        if there:
            return there[-1]
        if getattr(self, "_own", None) is None:
            self._own = connect()
        return self._own

    @cell_magic
    def say(self, line: str, cell: str) -> Any:
        """Speaks the cell's text: ``%%say --voice me --speed 1.1 --into clip``.

        Raises:
            InvalidRequest: An option or a parameter breaks a rule.
        """
        # The studio has to be found first: what other options there are is a matter of its service.
        named = re.search(r"(?:^|\s)--studio[=\s]\s*(\S+)", line)
        studio = self._studio(named and named[1])
        known = {
            name: one
            for name, one in studio.service.request_type("production").parameters().items()
            if name not in {"voice", "text"}
        }
        given = _options(
            line, [*_OWN, *known], [*_SWITCHES, *(name for name, one in known.items() if one.type == "switch")], "%%say"
        )
        name = given.get("voice")
        voice = studio.voice(str(name) if name is not None else _newest(studio))
        parameters = {key: _value(known[key], value) for key, value in given.items() if key in known}
        seed, takes = _whole("seed", given.get("seed")), _whole("takes", given.get("takes"))
        text = cell.strip()
        fresh = bool(given.get("fresh"))
        made: Any = (
            voice.say(text, seed=seed, fresh=fresh, **parameters)
            if takes is None
            else voice.say(text, takes=takes, seed=seed, fresh=fresh, **parameters)
        )
        if (into := given.get("into")) is not None:
            if not str(into).isidentifier():
                raise InvalidRequest(f"--into {into}: allowed is the name of a variable")
            self.shell.user_ns[str(into)] = made
        return made

    @line_magic
    def voices(self, line: str) -> pd.DataFrame:
        """The voices, the newest first: ``%voices``."""
        return self._studio(_options(line, ["studio"], [], "%voices").get("studio")).voices()

    @line_magic
    def history(self, line: str) -> Any:
        """The tasks, the newest first: ``%history --since 7d --status completed --limit 20``.

        A line that IPython's own ``%history`` understands, such as ``%history -n 1-5``, is still answered by it.
        """
        if line.strip() and not line.strip().startswith("--"):
            return _ipythons(line)
        given = _options(line, list(_HISTORY), [], "%history")
        frame = self._studio(given.get("studio")).history.frame
        limit = _whole("limit", given.get("limit"))
        options: dict[str, Any] = {name: given[name] for name in ("since", "status", "service") if name in given}
        return frame(limit=20 if limit is None else limit, **options)


def _newest(studio: Studio) -> str:
    frame = studio.voices()
    here = frame[
        (frame["service"] == studio.service.profile.id)
        & (frame["endpoint"] == studio.endpoint)
        & (frame["state"] == "ready")
    ]
    if here.empty:
        raise InvalidRequest("there is no voice yet: studio.clone(…) makes one, or %%say --voice names one")
    return str(here["name"].iloc[0])

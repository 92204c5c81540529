"""``%load_ext voicenb``: ``%%say`` speaks a cell's text, ``%clone`` makes a voice, ``%voices`` and ``%history`` list what there is.

The options of ``%%say`` and ``%clone`` are the parameters of the service's own typed requests, by voicenb's names. Tab completes them, and
``--help`` lists them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from voicenb import services
from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest
from voicenb.shell.magic_options import CLONE, HISTORY, SAY, VOICES, Magic, named_option, value_of, whole
from voicenb.studio.connect import connect
from voicenb.studio.studio import Studio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VoicenbMagics", "register"]


def _no_history(line: str) -> None:
    raise HISTORY.unknown(line)


_ipythons: Callable[[str], Any] = _no_history


def register(shell: Any) -> None:
    """Gives the magics to an IPython shell."""
    global _ipythons  # noqa: PLW0603 - IPython's magics belong to the process's one shell
    there = shell.find_line_magic("history")
    if there is not None and not isinstance(getattr(there, "__self__", None), VoicenbMagics):
        _ipythons = there
    magics = VoicenbMagics(shell)
    shell.register_magics(magics)
    for magic in (SAY, CLONE, VOICES, HISTORY):
        complete = _Completer(magics, magic)
        # A line magic is called without its sign, too.
        for word in {magic.call, magic.call.removeprefix("%") if magic.line else magic.call}:
            shell.set_hook("complete_command", complete, str_key=word)


class _Completer:
    """Tab on the line of a magic: its options, and their values where they are known."""

    def __init__(self, magics: VoicenbMagics, magic: Magic) -> None:
        self._magics = magics
        self._magic = magic

    def __call__(self, _: Any, event: Any) -> list[str]:
        return self._magics.complete(self._magic, event.line, event.symbol)


@magics_class
class VoicenbMagics(Magics):
    """The magics of voicenb."""

    shell: Any

    def _studio(self, name: str | bool | None) -> Studio:
        """The studio of that variable; else the newest studio in the notebook; else the sandbox."""
        if name is not None:
            found = self.shell.user_ns.get(name)
            if not isinstance(found, Studio):
                hint = did_you_mean(name, self._studios())
                raise InvalidRequest(f"--studio {name}: {hint}there is no studio of that name in this notebook")
            return found
        if there := list(self._studios().values()):
            return there[-1]
        if getattr(self, "_own", None) is None:
            self._own = connect()
        return self._own

    def _named(self, line: str) -> Studio:
        """The studio that a line names; found before all else, since what other options there are is a matter of its service."""
        return self._studio(named_option(line, "studio"))

    def complete(self, magic: Magic, line: str, word: str) -> list[str]:
        """The words that may stand where `word` does in the line of a magic. Nothing is started, and no service is asked.

        Args:
            magic: The magic.
            line: The line up to the cursor.
            word: Its last word.
        """
        there = self._studios()
        named = there.get(str(named_option(line, "studio"))) or next(reversed(there.values()), None)
        service = services.get("soundclone") if named is None else named.service
        found = magic.completions(line, word, service)
        if found is not None:
            return found
        option = magic.open_option(line, word)
        if option == "studio":
            return [name for name in there if name.startswith(word)]
        if option == "voice" and named is not None:
            return [name for name in _names(named) if name.startswith(word)]
        return []

    def _studios(self) -> dict[str, Studio]:
        return {
            key: value
            for key, value in self.shell.user_ns.items()
            if isinstance(value, Studio) and not key.startswith("_")
        }

    @line_cell_magic
    def say(self, line: str, cell: str | None = None) -> Any:
        """Speaks the cell's text: ``%%say --voice me --speed 1.1 --into clip``. ``%say --help`` lists the options.

        Raises:
            InvalidRequest: An option or a parameter breaks a rule, or there is no cell.
        """
        if SAY.asks_for_help(line):
            return self._help(SAY, line)
        if cell is None:
            raise InvalidRequest(
                "%say has no text: begin the cell with %%say and its options, and write the text below that line"
            )
        studio = self._named(line)
        known = SAY.parameters(studio.service)
        given = SAY.given(line, studio.service)
        name = given.get("voice")
        voice = studio.voice(str(name) if name is not None else _newest(studio))
        parameters = {key: value_of(known[key], value) for key, value in given.items() if key in known}
        seed, takes = whole("seed", given.get("seed")), whole("takes", given.get("takes"))
        text = cell.strip()
        options: dict[str, Any] = {name: bool(given.get(name)) for name in ("fresh", "split")}
        if takes is not None:
            options["takes"] = takes
        made: Any = voice.say(text, seed=seed, **options, **parameters)
        self._keep(made, given.get("into"))
        return made

    @line_magic
    def clone(self, line: str) -> Any:
        """Makes a voice from a recording: ``%clone me.wav --name me --consent 'my own voice'``. ``%clone --help`` lists the options.

        Raises:
            InvalidRequest: An option or a parameter breaks a rule.
            BadReference: The recording cannot serve.
        """
        if CLONE.asks_for_help(line):
            return self._help(CLONE, line)
        studio = self._named(line)
        known = CLONE.parameters(studio.service)
        given = CLONE.given(line, studio.service)
        options: dict[str, Any] = {
            name: given[name] for name in ("name", "text", "language", "consent", "preview") if name in given
        }
        options |= {key: value_of(known[key], value) for key, value in given.items() if key in known}
        source = given.get("")
        if source is None:
            raise InvalidRequest("%clone needs a recording: its path, its URL, or a variable that holds one")
        voice = studio.clone(self.shell.user_ns.get(source, source), fresh=bool(given.get("fresh")), **options)
        self._keep(voice, given.get("into"))
        return voice

    @line_magic
    def voices(self, line: str) -> pd.DataFrame | None:
        """The voices, the newest first: ``%voices``."""
        if VOICES.asks_for_help(line):
            self._help(VOICES, line)
            return None
        return self._studio(VOICES.given(line).get("studio")).voices()

    @line_magic
    def history(self, line: str) -> Any:
        """The tasks, the newest first: ``%history --since 7d --status completed --limit 20``.

        A line that IPython's own ``%history`` understands, such as ``%history -n 1-5``, is still answered by it.
        """
        if HISTORY.asks_for_help(line):
            return self._help(HISTORY, line)
        if line.strip() and not line.strip().startswith("--"):
            return _ipythons(line)
        given = HISTORY.given(line)
        frame = self._studio(given.get("studio")).history.frame
        limit = whole("limit", given.get("limit"))
        options: dict[str, Any] = {name: given[name] for name in ("since", "status", "service") if name in given}
        return frame(limit=20 if limit is None else limit, **options)

    def _help(self, magic: Magic, line: str) -> None:
        there = self._studios()
        named = there.get(str(named_option(line, "studio"))) or next(reversed(there.values()), None)
        sys.stdout.write(magic.help(services.get("soundclone") if named is None else named.service))

    def _keep(self, made: Any, into: str | bool | None) -> None:
        if into is None:
            return
        if not str(into).isidentifier():
            raise InvalidRequest(f"--into {into}: allowed is the name of a variable")
        self.shell.user_ns[str(into)] = made


def _names(studio: Studio) -> list[str]:
    """The names of the voices that can speak, the newest first."""
    frame = studio.voices()
    here = frame[
        (frame["service"] == studio.service.profile.id)
        & (frame["endpoint"] == studio.endpoint)
        & (frame["state"] == "ready")
    ]
    return list(dict.fromkeys(map(str, here["name"])))


def _newest(studio: Studio) -> str:
    if names := _names(studio):
        return names[0]
    raise InvalidRequest("there is no voice yet: studio.clone(…) makes one, or %%say --voice names one")

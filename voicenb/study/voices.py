"""The voices that a study speaks in, by the level of ``voice`` that each one is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voicenb.errors import InvalidRequest
from voicenb.ledger.ledger import Ledger
from voicenb.studio.connect import connect_again

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio
    from voicenb.studio.voice import Voice

__all__ = ["KeptVoices", "as_voices", "by_level", "parameters_of"]


def as_voices(given: Voice | Sequence[Voice]) -> list[Voice]:
    """The voices that were given.

    Raises:
        InvalidRequest: There is none, something else is among them, or they are of several homes.
    """
    from voicenb.studio.voice import Voice

    voices = [given] if isinstance(given, Voice) else list(given) if isinstance(given, (list, tuple)) else []
    if not voices or not all(isinstance(one, Voice) for one in voices):
        raise InvalidRequest("a study needs a voice, or a list of voices: vn.Study(voice, text=[…], speed=[…])")
    if len({one.session.ledger.path for one in voices}) > 1:
        raise InvalidRequest("the voices of a study belong to one home")
    return voices


def by_level(voices: Sequence[Voice], taken: Sequence[str] = ()) -> dict[str, Voice]:
    """Each voice under its name, with its service behind it where the name alone would stand for two.

    Args:
        voices: The voices.
        taken: Levels that the study has already.

    Raises:
        InvalidRequest: Two voices have the same name at the same service.
    """
    names = [*taken, *(one.name for one in voices)]
    found: dict[str, Voice] = {}
    for one in voices:
        level = one.name if names.count(one.name) == 1 else f"{one.name} · {one.session.service.profile.id}"
        if level in found or level in taken:
            raise InvalidRequest(
                f"voices: two are {level!r}; a study tells voices apart by name and service, so clone one under another name"
            )
        found[level] = one
    return found


def parameters_of(voices: Iterable[Voice], factors: Mapping[str, Any]) -> dict[str, Any]:
    """The factors by voicenb's own names.

    Raises:
        InvalidRequest: A name that no service of these voices knows.
    """
    named: dict[str, Any] = {}
    problems: list[Any] = []
    for voice in voices:
        kind = voice.session.service.request_type("production")
        here, wrong = kind.from_wire(factors)
        named |= here
        problems.append({one.field: one for one in wrong})
    unknown = [problems[0][field] for field in problems[0] if all(field in one for one in problems)]
    if unknown:
        raise InvalidRequest("this study cannot be made", problems=tuple(unknown))
    return {name: given for name, given in named.items() if name not in {"voice", "text"}}


class KeptVoices(Mapping[str, "Voice"]):
    """The voices of a study that was taken up by its name; a service is connected when one of its voices is asked for.

    Args:
        ledger: The ledger of the study.
        keys: The ledger's id of each level's voice.
    """

    def __init__(self, ledger: Ledger, keys: Mapping[str, str]) -> None:
        self._ledger, self._keys = ledger, keys
        self._studios: dict[tuple[str, str], Studio] = {}
        self._voices: dict[str, Voice] = {}

    def __getitem__(self, level: str) -> Voice:
        from voicenb.studio.voice import Voice

        if level not in self._voices:
            record = self._ledger.voices.get(self._keys[level])
            if record is None:
                raise InvalidRequest(f"the voice {level!r} of this study is not in the ledger any more")
            place = record.service, record.endpoint
            if place not in self._studios:
                self._studios[place] = connect_again(*place, home=self._ledger.home)
            self._voices[level] = Voice(self._studios[place].session, record)
        return self._voices[level]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

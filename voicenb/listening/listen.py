"""`listen`: a blind test of clips that are there."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.audio.sound import AudioError
from voicenb.base.arguments import plain_text, to_python, whole_number
from voicenb.base.home import home as home_folder
from voicenb.errors import InvalidRequest
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import ListeningRecord, now
from voicenb.listening.designing import Asked, designed
from voicenb.listening.kinds import Kind, kind_of
from voicenb.listening.sources import Source
from voicenb.listening.test import ListeningTest

if TYPE_CHECKING:
    from voicenb.display.comparison import Playable

__all__ = ["blind_test", "listen"]

_MOST_TRIALS = 500
_MOST_LISTENERS = 1_000
_DIFFERENT = ("voice", "service")


def listen(
    clips: Sequence[Playable] | Mapping[str, Playable | Sequence[Playable]],
    kind: str = "ab",
    *,
    labels: Sequence[str] | None = None,
    question: str | None = None,
    title: str | None = None,
    attribute: str | None = None,
    trials: int | None = None,
    listeners: int = 24,
    reference: Mapping[str, Any] | Any = None,
    repeats: int = 0,
    catch: int = 0,
    training: int | None = None,
    headphones: bool = False,
    tie: bool = True,
    matched: bool = True,
    seed: int = 0,
    name: str | None = None,
    home: str | Path | None = None,
) -> ListeningTest:
    """A blind listening test of clips.

    The same call again, also in another kernel, is the same test with the votes that it has.

    Args:
        clips: Clips or references; a mapping's keys are what is compared, each with a clip or several. Clips of a list are named by
            the parameters, voice or service in which they differ. Clips of the same text are compared with each other.
        kind: ``"abx"``, ``"ab"``, ``"acr"`` (MOS), ``"cmos"``, ``"multi"`` or ``"mushra"``.
        labels: What each clip of a list is; the same label may come several times, with different texts.
        question: What listeners are asked; each kind has a question of its own.
        title: What stands above the test.
        attribute: What is judged, such as ``"naturalness"``.
        trials: How many, 1–500; None for all that the clips give (ABX: 16). The number does not change once somebody listens.
        listeners: For how many there are orders, 2–1,000.
        reference: MUSHRA: a recording of each text, by text; or the one, where all clips have one text.
        repeats: How many trials come twice.
        catch: How many trials have a spoilt sound, which who listens cannot miss.
        training: How many trials of practice come first; MUSHRA has 1 unless this says otherwise.
        headphones: Whether a check for headphones comes first.
        tie: AB: whether "no preference" may be answered.
        matched: Whether all sounds are made equally loud; off where they differ in volume.
        seed: Which clips meet is drawn from it. What X is and which sound is which is drawn from a secret of the test.
        name: The test's name in this home; else one that what was asked for gives it.
        home: The home folder; else that of ``VOICENB_HOME``, or the platform's.

    Raises:
        InvalidRequest: There is nothing to compare, a setting is out of its range, or a test of that name is another one.
    """
    ledger = Ledger.at(home_folder(home))
    found = list(_labelled(clips, labels))
    if not found:
        raise InvalidRequest("listen() needs clips, such as listen([first, second], kind='ab')")
    sources = _sources(ledger, found)
    volumes = {json.dumps(dict(one.levels).get("volume")) for one in sources}
    return blind_test(
        ledger,
        sources,
        kind,
        references=reference, question=question, title=title, attribute=attribute, trials=trials, listeners=listeners,
        repeats=repeats, catch=catch, training=training, headphones=headphones, tie=tie, matched=matched,
        volume=len(volumes) > 1, seed=seed, name=name, prefix="listening",
    )  # fmt: skip


def blind_test(
    ledger: Ledger,
    sources: Sequence[Source],
    kind: str,
    *,
    references: Any,
    matched: bool,
    volume: bool,
    name: str | None,
    prefix: str,
    study: str | None = None,
    **settings: Any,
) -> ListeningTest:
    """The test of these sounds: the one that is there, or a new one.

    Args:
        ledger: Where it is kept.
        sources: The sounds.
        kind: The kind's name.
        references: MUSHRA: the recordings, as `listen` takes them.
        matched: Whether sounds are to be equally loud.
        volume: Whether volume is among what is compared; then they are not.
        name: Its name; None for one that what was asked for gives.
        prefix: What such a name begins with.
        study: The study whose clips they are.
        settings: The others of `listen`.

    Raises:
        InvalidRequest: See `listen`.
    """
    name = plain_text("name", name)
    chosen = kind_of(kind)
    asked = _asked(chosen, matched=bool(matched) and not volume, why=_unmatched(matched, volume), **settings)
    recordings = _recordings(ledger, sources, references, chosen)
    recognised = _recognised(asked, sources, recordings)
    name = name or f"{prefix}-{asked.kind.name}-{_digest(recognised)[:6]}"
    there = ledger.listening.named(name)
    if there is None:
        design = designed(asked, sources, ledger.files.read, references=recordings, recognised=recognised)
        there = ledger.listening.add(
            ListeningRecord(
                id=f"t_{secrets.token_hex(8)}",
                name=name,
                study=study,
                design=design.to_json(),
                hash=design.hash,
                created=now(),
            )
        )
    if different := _differences(there.design.get("asked") or {}, recognised):
        raise InvalidRequest(
            f"there is a listening test {name!r} with {'; '.join(different)}. Give this one another name=. Nothing was kept."
        )
    return ListeningTest(ledger, there)


def _differences(kept: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}={kept.get(name)!r:.60} instead of {given.get(name)!r:.60}"
        for name in dict.fromkeys([*kept, *given])
        if kept.get(name) != given.get(name)
    ]


def _recognised(asked: Asked, sources: Sequence[Source], recordings: Mapping[str, str]) -> dict[str, Any]:
    """What tells a test from others: its settings, and digests of what it is of."""
    fields = (
        "title", "question", "attribute", "trials", "listeners", "repeats", "catch", "training", "headphones", "tie", "seed",
        "matched",
    )  # fmt: skip
    return {
        "kind": asked.kind.name,
        **{field: getattr(asked, field) for field in fields},
        "sounds": _digest([[one.condition, one.item, one.file] for one in sources]),
        "references": _digest(sorted(recordings.items())),
    }


def _asked(
    kind: Kind,
    *,
    question: str | None,
    title: str | None,
    attribute: str | None,
    trials: Any,
    listeners: Any,
    repeats: Any,
    catch: Any,
    training: Any,
    headphones: bool,
    tie: bool,
    seed: Any,
    matched: bool,
    why: str,
) -> Asked:
    return Asked(
        kind=kind,
        title=plain_text("title", title) or f"Listening test: {kind.title}",
        question=plain_text("question", question) or kind.question,
        attribute=plain_text("attribute", attribute),
        trials=whole_number("trials", trials, 1, _MOST_TRIALS),
        listeners=whole_number("listeners", listeners, 2, _MOST_LISTENERS) or 2,
        repeats=whole_number("repeats", repeats, 0, _MOST_TRIALS) or 0,
        catch=whole_number("catch", catch, 0, _MOST_TRIALS) or 0,
        training=(int(kind.name == "mushra") if training is None else whole_number("training", training, 0, 20) or 0),
        headphones=bool(headphones),
        tie=bool(tie) and kind.name == "ab",
        seed=whole_number("seed", seed, 0) or 0,
        matched=bool(matched),
        why=why,
    )


def _unmatched(wanted: bool, volume: bool) -> str:
    if not wanted:
        return "The sounds keep their loudness, as matched=False asked for."
    if volume:
        return "The sounds differ in volume, so they keep their loudness: what is louder is often preferred for that alone."
    return ""


# ── What clips are ──────────────────────────────────────────────────────────────────────────────────────────────────


def _text_of(sound: Any) -> str | None:
    return getattr(getattr(sound, "task", None), "text", None)


def _labelled(clips: Any, labels: Sequence[str] | None) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Condition, levels and sound of each clip."""
    if isinstance(clips, Mapping):
        for label, given in clips.items():
            for sound in given if isinstance(given, (list, tuple)) else [given]:
                yield _labelled_with(label, _sound(sound))
        return
    if isinstance(clips, str | bytes) or not isinstance(clips, Iterable):
        raise InvalidRequest(f"clips={clips!r:.60}: give clips, as in listen([first, second])")
    sounds = [_sound(one) for one in clips]
    if labels is not None:
        if len(labels) != len(sounds):
            raise InvalidRequest(f"labels: there are {len(labels)} for {len(sounds)} clips; give one for each")
        yield from map(_labelled_with, labels, sounds)
        return
    values = [_values(one) for one in sounds]
    different = [
        field
        for field in dict.fromkeys(field for one in values for field in one)
        if len({json.dumps(one.get(field), default=str, sort_keys=True) for one in values}) > 1
    ]
    for number, (own, sound) in enumerate(zip(values, sounds, strict=True), 1):
        levels = {field: own.get(field) for field in different}
        said = " · ".join(
            str(value) if field in _DIFFERENT else f"{field} {'default' if value is None else value}"
            for field, value in levels.items()
        )
        yield said or f"clip {number}", levels or {"clip": number}, sound


def _labelled_with(label: Any, sound: Any) -> tuple[str, dict[str, Any], Any]:
    said = plain_text("labels", str(label)) or ""
    return said, {"label": said}, sound


def _sound(given: Any) -> Any:
    if not hasattr(given, "data") or not hasattr(type(given), "samples"):
        raise InvalidRequest(f"{given!r:.60} is no clip: give clips or references, as in listen([first, second])")
    return given


def _values(sound: Any) -> dict[str, Any]:
    task = getattr(sound, "task", None)
    if task is None:
        return {}
    return {name: to_python(value) for name, value in task.parameters.items() if name != "subtitles"} | {
        field: value for field in _DIFFERENT if (value := getattr(task, field, None)) is not None
    }


def _sources(ledger: Ledger, found: Sequence[tuple[str, dict[str, Any], Any]]) -> list[Source]:
    """The sounds in the ledger's store; several of one text in one condition are takes, each compared with the others' own."""
    seen: dict[tuple[str, str], int] = {}
    sources = []
    for condition, levels, sound in found:
        text = _text_of(sound)
        item = text or "without a text"
        take = seen[condition, item] = seen.get((condition, item), 0) + 1
        try:
            file = ledger.files.store(sound.data, sound.format)
        except AudioError as error:
            raise InvalidRequest(f"the clip of {condition!r} cannot be read: {error}. Nothing was kept.") from error
        sources.append(
            Source(condition, item if take == 1 else f"{item} (take {take})", file, text, tuple(levels.items()))
        )
    return sources


def _recordings(ledger: Ledger, sources: Sequence[Source], reference: Any, kind: Kind) -> dict[str, str]:
    """MUSHRA: the file of the recording of each item."""
    if kind.name != "mushra":
        if reference is not None:
            raise InvalidRequest(f"reference: kind={kind.name!r} has none; kind='mushra' compares with recordings")
        return {}
    if reference is None:
        raise InvalidRequest(
            "kind='mushra' compares with a recording of the same words: give reference={text: 'read.wav'}. Without recordings, "
            "kind='multi' compares several at once."
        )
    texts = list(dict.fromkeys(one.text for one in sources))
    if not isinstance(reference, Mapping):
        if len(texts) != 1:
            raise InvalidRequest(f"reference: the clips have {len(texts)} texts; give a recording of each, by text")
        reference = {texts[0]: reference}
    recordings: dict[str | None, str] = {}
    for text, given in reference.items():
        sound = given if hasattr(given, "data") else _read_file(given)
        recordings[text] = ledger.files.store(bytes(sound.data), sound.format)
    return {one.item: recordings[one.text] for one in sources if one.text in recordings}


def _read_file(given: Any) -> Any:
    from types import SimpleNamespace

    from voicenb.audio.containers import sniff

    path = Path(given)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRequest(
            f"reference: {path} cannot be read ({error.strerror}; looked for from {Path.cwd()})"
        ) from error
    return SimpleNamespace(data=data, format=sniff(data) or path.suffix.lstrip(".") or "bin")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()

"""Wherever a name is chosen from a set, a slip is answered with the name that was meant."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import voicenb as vn
from voicenb import services
from voicenb.base.arguments import did_you_mean
from voicenb.panels import ClipPlayer, presets

PACKAGE = Path(vn.__file__).parent
_LISTS = re.compile(
    r"(there are|it has|allowed are|it uses|speaks|answers as|it takes|levels are|this study has) \{\W*, \W*\.join\("
)
"""A sentence that lists what there is to choose from, as `ast.unparse` writes it."""


@pytest.fixture(scope="module")
def made(studio, voice):
    """A clip, a study that is not made, a preset and a label: what slips are tried on."""
    presets.save(studio, "storyteller", {"speed": 1.1})
    study = vn.Study(voice, text="Hello.", speed=[0.8, 1.2], emotion=["neutral", "happy"], name="slips")
    return voice.preview, study


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda *_: services.get("soundcloen"), "soundclone"),
        (lambda *_: services.get("Faseeh"), "faseeh"),
        (lambda *_: vn.connect("soundclone", api_kye="x"), "api_key"),
        (lambda *_: vn.connect("faseeh", api_key="x", region="aee"), "ae"),
        (lambda *_: vn.connect("openai", base_url="http://127.0.0.1:9", cloning="voice"), "voices"),
        (lambda *_: vn.connect("openai", base_url="http://127.0.0.1:9", prices="fre"), "free"),
        (lambda *_: vn.connect("soundclone", api_key="x", prices={"sound-clonning-clone": 1}), "sound-cloning-clone"),
        (lambda *_: vn.sandbox.sample_speaker("bruon"), "bruno"),
        (lambda *_: vn.sandbox.sample_speaker("bru-no"), "bruno"),
        (lambda *_: vn.sandbox.faults("reset_aftr"), "reset_after"),
        (lambda studio, *_: studio.voice("adda"), "ada"),
        (lambda *_: vn.sandbox.set_balance(1, service="soundcloen"), "soundclone"),
        (lambda studio, *_: studio.tasks("compleated"), "completed"),
        (lambda studio, *_: studio.history.frame(status="faild"), "failed"),
        (lambda studio, *_: studio.history.frame(kind="prevew"), "preview"),
        (lambda studio, *_: studio.history.count(sins="7d"), "since"),
        (lambda studio, *_: studio.history.spending("voise"), "voice"),
        (lambda studio, *_: studio.history.export("all.cvs"), ".csv"),
        (lambda studio, *_: presets.load(studio, "storytelar"), "storyteller"),
        (lambda studio, *_: studio.clone(vn.sandbox.sample_speaker("ada"), name="me", versoin="v2"), "version"),
        (lambda studio, *_: studio.panel(consent="optinal"), "optional"),
        (lambda _, voice, *__: voice.say("Hi.", sped=1.1), "speed"),
        (lambda _, voice, *__: voice.say("Hi.", emotion="hapy"), "happy"),
        (lambda _, voice, *__: voice.say("Hi.", language="english"), "English"),
        (lambda _, voice, *__: voice.say("Hi.", subtitles="words"), "word"),
        (lambda _, __, clip, ___: clip.save("a.wave"), ".wav"),
        (lambda _, __, clip, ___: vn.compare([clip, clip], rows="langauge"), "language"),
        (lambda _, __, clip, ___: ClipPlayer(clip, layuot=None), "layout"),
        (lambda _, voice, *__: vn.Study(voice, text="Hi.", sped=[1]), "speed"),
        (lambda _, voice, *__: vn.Study(voice, text="Hi.", speed=[1], design="gird"), "grid"),
        (lambda _, voice, *__: vn.Study(voice, text="Hi.", speed=[1], order="blocsk"), "blocks"),
        (lambda _, voice, *__: vn.Study(voice, text="Hi.", emotion=["sad"], baseline={"emotoin": "sad"}), "emotion"),
        (lambda _, voice, *__: vn.Study(voice, text="Hi.", emotion=["sad"], baseline={"emotion": "sda"}), "sad"),
        (lambda *made: made[-1].cells[0].sped, "speed"),
        (lambda *made: made[-1].cells[0]["sped"], "speed"),
        (lambda *made: made[-1].run(budget={"soundcloen": 1}), "soundclone"),
        (lambda *made: made[-1].frame(["sped"]), "speed"),
        (lambda *made: made[-1].measure("f0_medain"), "f0_median"),
        (lambda *made: made[-1].effect("sped", on="duration"), "speed"),
        (lambda *made: made[-1].effect("speed", on="durtion"), "duration"),
        (lambda *made: made[-1].effect("speed", on="duration", margin="audibel"), "audible"),
        (lambda *made: made[-1].compare(rows="sped"), "speed"),
        (lambda *made: made[-1].compare(rows="speed", emotion="hapy"), "happy"),
        (lambda *made: made[-1].extend(sped=[1.4]), "speed"),
        (lambda _, __, clip, ___: vn.listen([clip, clip], kind="mushar"), "mushra"),
        (lambda *made: made[-1].listen(kind="abx", between={"sped": (0.8, 1.2)}), "speed"),
        (lambda *made: made[-1].listen(kind="abx", between={"emotion": ("neutral", "hapy")}), "happy"),
        (lambda *made: made[-1].report("slips.htm"), ".html"),
        (lambda *made: made[-1].report("slips.html", players="medain"), "median"),
        (lambda *made: vn.Study.open("slisp", home=made[0].session.home), "slips"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(call, meant, studio, voice, made, home, monkeypatch):
    """Nothing is sent, and the error asks for the right name before it lists those that there are."""
    monkeypatch.setenv("VOICENB_HOME", str(home))
    clip, study = made
    with pytest.raises((vn.VoicenbError, TypeError, AttributeError, KeyError)) as refused:
        call(studio, voice, clip, study)
    assert f"did you mean {meant!r}?" in str(refused.value)


@pytest.mark.parametrize("service", services.names())
def test_every_parameter_and_every_choice_of_every_service_is_found_again(service):
    """A letter that is left out of a name, or of a word that a parameter allows, is asked about."""
    kind = services.get(service).request_type("production")
    for name, one in kind.parameters().items():
        if len(name) > 3:
            slip = name[:-2] + name[-1]
            _, [problem] = kind.from_wire({slip: 1})
            assert "did you mean " in problem.allowed, slip
        for choice in one.choices:
            if isinstance(choice, str) and len(choice) > 3 and one.rule is None:
                with pytest.raises(vn.InvalidRequest) as refused:
                    kind.build({"voice": "v", "text": "Hello there, you.", name: choice[:-2] + choice[-1]}, strict=True)
                assert any("did you mean " in problem.allowed for problem in refused.value.problems), choice


@pytest.mark.parametrize(
    ("given", "known", "said"),
    [
        ("WAV", ["mp3", "wav"], "did you mean 'wav'? "),
        ("speed", ["volume"], ""),
        (1.3, [1.2, "1.2"], ""),
        ("1.2", [1.2], ""),
        (None, ["None"], ""),
        ("hapy " * 10_000, ["happy"], ""),
        ("happ", ["Happy", "happy"], "did you mean 'Happy'? "),
        ("x", [], ""),
    ],
)
def test_only_words_are_near_to_words(given, known, said):
    """Case is no difference; numbers, None and whole books are slips of nothing."""
    assert did_you_mean(given, known) == said


def test_who_lists_the_names_that_there_are_says_which_is_near():
    """An error that lists what there is by ``', '.join(…)`` is made by a function that asks for the nearest name, too.

    The sandbox's twins refuse as their services do, and its engine is asked by them alone.
    """
    listed = []
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text("utf-8")
        if {"twins", "engine"} & set(path.parts) or ".join(" not in source:
            continue
        lines = source.splitlines()
        for function in ast.walk(ast.parse(source)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            text = "\n".join(lines[function.lineno - 1 : function.end_lineno])
            if ".join(" not in text or re.search(r"\b(did_you_mean|none_named)\(", text):
                continue
            if any(
                ast.unparse(call.func).endswith(("Error", "InvalidRequest", "Problem", "BadReference"))
                and _LISTS.search(ast.unparse(call))
                for call in ast.walk(function)
                if isinstance(call, ast.Call)
            ):
                listed.append(f"{path.relative_to(PACKAGE).as_posix()}:{function.name}")
    assert listed == []

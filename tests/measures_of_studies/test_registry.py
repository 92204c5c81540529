"""Measures by their names: voicenb's own, a cell's, and those of installed packages."""

from __future__ import annotations

import sys
import threading
import types
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from made_speech import phrase, wav

from voicenb.errors import InvalidRequest, VoicenbWarning
from voicenb.measures import registry
from voicenb.measures.registry import Measure, Sound, measure, measures

BUILT_IN = [
    "duration", "speech_rate", "pauses", "pause_seconds", "f0_median", "f0_range", "loudness", "loudness_range", "true_peak",
    "centroid", "tilt", "bandwidth", "snr", "ltas_distance", "mcd_mfcc13_80mel_dtw", "f0_correlation", "artefacts",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """A registry as of a process that has just begun, without the entry points of this environment."""
    monkeypatch.setattr(registry, "_STATE", registry._Registered())
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    monkeypatch.setattr(registry, "extras", tuple)


@pytest.fixture
def installed(monkeypatch):
    """Makes a module whose names are entry points; counts how often they are asked for."""
    asked = []

    def install(**entries):
        module = types.ModuleType("a_package_of_measures")
        vars(module).update({name: value for name, value in entries.items() if value is not None})
        monkeypatch.setitem(sys.modules, module.__name__, module)
        found = [EntryPoint(name, f"{module.__name__}:{name}", "voicenb.measures") for name in entries]
        monkeypatch.setattr(registry, "entry_points", lambda group: asked.append(group) or found)
        return asked

    return install


@pytest.fixture(scope="module")
def sound():
    return Sound(phrase(), 16_000, "Oh, I knew it.", Sound(phrase(seed=3, f0=(120, 150, 110)), 16_000))


def test_own_measures_are_there_in_order():
    assert list(measures()) == BUILT_IN
    for name, one in measures().items():
        assert one.name == name
        assert one.version == 1
        assert one.method.endswith(".")
        assert "similar" not in name
        assert (one.margin is None) == (one.margin_source == "")


def test_published_margins():
    known = {name: (one.margin, one.relative, one.scale) for name, one in measures().items() if one.margin is not None}
    assert known == {
        "duration": (0.05, True, "ratio"),
        "speech_rate": (0.05, True, "ratio"),
        "f0_median": (1.5, False, "semitones"),
        "loudness": (1.0, False, "difference"),
        "snr": (3.0, False, "difference"),
    }
    assert "2007" in measures()["duration"].margin_source
    assert "1981" in measures()["f0_median"].margin_source


def test_own_measures_have_values(sound):
    """All are numbers for a phrase of three vowels, and those that are known are right."""
    values = {name: one.value(sound) for name, one in measures().items()}
    assert all(np.isfinite(value) for value in values.values()), values
    assert values["duration"] == pytest.approx(len(sound.samples) / 16_000)
    assert values["f0_median"] == pytest.approx(130, rel=0.1)
    assert values["speech_rate"] == pytest.approx(9 / sound.activity.active)
    assert values["pauses"] == 2
    assert values["artefacts"] == 0
    assert values["snr"] > 40


def test_compared_with_itself_a_sound_is_the_same():
    own = Sound(phrase(), 16_000)
    both = Sound(own.samples.copy(), 16_000, reference=own)
    known = measures()
    assert known["mcd_mfcc13_80mel_dtw"].value(both) == known["ltas_distance"].value(both) == 0
    assert known["f0_correlation"].value(both) == pytest.approx(1)


def test_text_and_reference_are_asked_for():
    bare = Sound(phrase(), 16_000)
    for name, one in measures().items():
        if one.needs_text:
            with pytest.raises(InvalidRequest, match=f"{name} needs the text"):
                one.value(bare)
        if one.needs_reference:
            with pytest.raises(InvalidRequest, match=f"{name} needs a reference"):
                one.value(bare)
    assert [name for name, one in measures().items() if one.needs_text] == ["speech_rate"]


def test_a_sound_works_out_once_what_measures_share(monkeypatch):
    from voicenb.measures import sound as module

    calls = []
    real = module.voice_activity
    monkeypatch.setattr(module, "voice_activity", lambda *given: calls.append(1) or real(*given))
    one = Sound(phrase(), 16_000, "text", Sound(phrase(), 16_000))
    for known in measures().values():
        known.value(one)
    assert len(calls) == 2


def test_a_sound_is_read_from_a_file_and_is_one_channel():
    two = np.stack([phrase(), phrase()], axis=1)
    one = Sound.read(wav(two), text="a")
    assert one.samples.shape == (len(two),)
    assert (one.rate, one.text) == (16_000, "a")
    assert one.duration == pytest.approx(len(two) / 16_000)


def test_a_cell_defines_a_measure_and_may_be_run_again(sound):
    """The decorated function stays one; the second run takes the first one's place, and so does a higher version."""

    @measure(unit="Hz", version=1)
    def jitter(sound, cell) -> float:
        """Says the rate.

        More words.
        """
        return sound.rate + (cell or 0)

    assert jitter(sound, 1) == 16_001
    one = measures()["jitter"]
    assert (one.unit, one.version, one.method, one.scale) == ("Hz", 1, "Says the rate.", "difference")
    assert one.value(sound) == 16_000
    assert one.value(sound, 2) == 16_002

    @measure(unit="Hz", name="jitter")
    def again(sound) -> float:
        return 1.0

    assert measures()["jitter"].function is again
    assert measures()["jitter"].value(sound, "a cell") == 1.0
    measure(unit="Hz", version=2)(jitter)
    assert measures()["jitter"].version == 2
    assert list(measures()) == [*BUILT_IN, "jitter"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_own_names_are_refused(name):
    before = measures()[name]
    with pytest.raises(InvalidRequest, match=rf"{name} is one of voicenb's own measures.*another name"):
        measure(unit="", name=name)(lambda sound: 0.0)
    assert measures()[name] is before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "two words"}, "cannot name a measure"),
        ({"name": ""}, "cannot name a measure"),
        ({"version": 0}, "whole number from 1"),
        ({"version": True}, "whole number from 1"),
        ({"version": "2"}, "whole number from 1"),
    ],
)
def test_bad_definitions_are_refused(options, said):
    with pytest.raises(InvalidRequest, match=said):
        measure(unit="", **{"name": "fine", **options})(lambda sound: 0.0)
    assert "fine" not in measures()


def test_lambda_without_a_name_is_refused():
    with pytest.raises(InvalidRequest, match="cannot name a measure"):
        measure(unit="")(lambda sound: 0.0)


@pytest.mark.parametrize("value", [None, "many", [1.0, 2.0]])
def test_what_is_no_number_is_an_error(value, sound):
    measure(unit="", name="odd")(lambda sound: value)
    with pytest.raises(InvalidRequest, match=r"odd returned .*one number"):
        measures()["odd"].value(sound)


def test_mapping_is_a_snapshot_and_cannot_be_changed():
    before = measures()
    measure(unit="", name="later")(lambda sound: 0.0)
    assert "later" not in before
    with pytest.raises(TypeError):
        before["mine"] = before["duration"]


def test_entry_points_are_loaded_once_and_late(installed, sound):
    """A Measure, or a function that was decorated; nothing is asked for before `measures` is."""
    decorated = measure(unit="x", name="from_function")(lambda sound: 2.0)
    asked = installed(one=Measure("from_object", "x", 3, lambda sound: 1.0), two=decorated)
    assert asked == []
    known = measures()
    measures()
    assert asked == ["voicenb.measures"]
    assert (known["from_object"].value(sound), known["from_function"].value(sound)) == (1.0, 2.0)


def test_broken_entry_points_are_warnings_and_the_others_are_there(installed):
    """Missing, of a wrong kind, or with one of voicenb's names: each is told once."""
    installed(
        absent=None,
        good=Measure("good", "", 1, lambda sound: 1.0),
        text="no measure",
        thief=Measure("duration", "", 1, lambda sound: 1.0),
    )
    with pytest.warns(VoicenbWarning) as told:
        known = measures()
    said = [str(one.message) for one in told]
    assert len(said) == 3
    assert "absent" in said[0]
    assert "AttributeError" in said[0]
    assert "neither a Measure nor a function" in said[1]
    assert "voicenb's own" in said[2]
    assert list(known) == [*BUILT_IN, "good"]
    measures()


def test_a_package_that_raises_at_import_is_a_warning(monkeypatch):
    entry = EntryPoint("torchy", "a_package_that_is_not_there.inside:measure", "voicenb.measures")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    with pytest.warns(VoicenbWarning, match=r"torchy.*ModuleNotFoundError"):
        assert list(measures()) == BUILT_IN


def test_threads_may_define_measures_at_once():
    names = [f"measure_{number}" for number in range(40)]
    threads = [threading.Thread(target=measure(unit="", name=name), args=(lambda sound: 0.0,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(names) <= set(measures())

"""Controls that are drawn from the typed requests, and that say what the requests say."""

from __future__ import annotations

import html
import threading
import warnings
from typing import Annotated, ClassVar

import ipywidgets as widgets
import pytest
from hypothesis import given, settings, strategies as st

from voicenb import services
from voicenb.errors import InvalidRequest
from voicenb.panels import Form
from voicenb.panels.fields.number import Number as NumberControl
from voicenb.panels.form import without_warnings
from voicenb.services.base import LearnedRuleWarning, Number, ServiceRequest, parameter
from voicenb.services.emotions import COMPONENTS, parse_emotion
from voicenb.services.soundclone import ProductionRequest
from voicenb.studio.task import changed

EMOTION = Form(services.get("aiclone").request_type("production"), hide=("voice",)).fields["emotion"]
CALLS = [(name, kind) for name in services.names() for kind in ("preview", "production")]


def production(**options):
    return Form(ProductionRequest, hide=("voice",), **{"strict": True, **options})


@pytest.mark.parametrize(("service", "kind"), CALLS)
def test_every_parameter_has_a_control_with_its_own_range(service, kind):
    """Whatever a service's request declares is drawn, with its range, its default, and help to hover over."""
    request = services.get(service).request_type(kind)
    form = Form(request)
    for name, one in request.parameters().items():
        if one.type == "object":
            assert name not in form.fields
            continue
        control = form.fields[name].input
        assert control.description
        assert one.help.split(".")[0].split(":")[0] in control.tooltip
        if isinstance(control, NumberControl):
            assert (control.max, control.value) == (one.high, one.default)
            assert control.min == pytest.approx(one.low + (control.step if one.low_excluded else 0))
        elif one.choices:
            assert set(one.choices) <= {value for _, value in control.options}
        if not one.required:
            assert form.fields[name].value == one.default
    assert set(form.values) == {name for name, one in request.parameters().items() if one.required}


def test_a_new_parameter_appears_by_itself():
    """Nothing but the declaration is needed."""

    class Request(ServiceRequest):
        service: ClassVar[str] = "test"
        warmth: Annotated[Number, parameter("wrm", "How warm it is.", unit="°", step=2, ge=0, le=30)] = 10.0

    form = Form(Request)
    field = form.fields["warmth"]
    assert (field.input.min, field.input.max, field.input.step, field.input.value) == (0, 30, 2, 10)
    assert field.foot.unit == "°"
    field.input.value = 12
    assert form.values == {"warmth": 12}


def test_what_differs_from_its_default_is_marked_and_can_be_reset():
    """A changed field is marked, offers its default, and goes back to it."""
    form = production()
    field = form.fields["speed"]
    assert not field.foot.changed
    field.input.value = 1.2
    assert "voicenb-changed" in field.box._dom_classes
    assert field.foot.changed
    assert (field.foot.reset, field.foot.reset_title) == ("↺ 1", "Speed back to 1")
    assert form.values["speed"] == 1.2
    field.foot._handle_custom_msg({"reset": True}, [])
    assert not field.foot.changed
    assert "speed" not in form.values
    assert "voicenb-changed" not in field.box._dom_classes


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_no_control_reaches_a_value_that_its_rule_refuses(data):
    """Every stop of every slider, and every choice, builds a request."""
    form = production()
    form.fields["text"].value = "Hello."
    for field in form.fields.values():
        control = field.input
        if isinstance(control, NumberControl) and control.stops:
            control.value = data.draw(st.sampled_from(control.stops))
        elif isinstance(control, NumberControl):
            last = round((control.max - control.min) / control.step)
            stop = control.min + control.step * data.draw(st.integers(0, last))
            control.value = min(int(stop) if control.whole else round(stop, 6), control.max)
        elif isinstance(control, widgets.Dropdown):
            control.index = data.draw(st.integers(0, len(control.options) - 1))
    assert form.check(voice="model_1") == []


def test_an_error_stands_under_the_field_that_has_it():
    """The service's own rule is said there, and taken back when it is kept again."""
    form = production()
    field = form.fields["text"]
    field.input.value = "One <#200#> two."
    (remark,) = form.check(voice="model_1")
    assert remark.error
    assert "0.01 to 99.99" in field.note.value
    assert "voicenb-invalid" in field.box._dom_classes
    field.input.value = "One <#2#> two."
    assert form.check(voice="model_1") == []
    assert field.note.value == ""
    assert "voicenb-invalid" not in field.box._dom_classes


def test_a_learned_rule_is_amber_on_a_live_service_and_an_error_under_strict():
    """What was only learned warns where it is a guess; nothing is printed either way."""
    for strict in (False, True):
        form = production(strict=strict, choices={"language": ("auto", "English", "Klingon")})
        form.fields["text"].input.value = "nuqneH"
        form.fields["language"].value = "Klingon"
        (remark,) = form.check(voice="model_1")
        assert (remark.field, remark.error) == ("language", strict)
        assert ("voicenb-bad" if strict else "voicenb-amber") in form.fields["language"].note.value


def test_the_length_is_counted_against_the_limit_as_it_is_typed():
    """The limit comes from the request, and the count is the service's where that differs."""
    form = production(count=lambda text: len(text.replace("<#1#>", "")))
    field = form.fields["text"]
    assert "0 / 10,000 characters" in field.foot.count
    field.input.value = "ab<#1#>c"
    assert "8 / 10,000 characters · 3 counted" in field.foot.count
    field.input.value = "好" * 10_001
    (remark,) = form.check(voice="model_1")
    assert "10,000" in remark.text


def test_text_of_others_is_escaped():
    """What a reader or a preset puts in never becomes markup."""
    form = production(choices={"language": ("auto",)})
    form.fields["text"].input.value = "<#x#><img src=x onerror=alert(1)>"
    form.check(voice="model_1")
    assert "<img" not in form.fields["text"].note.value


def test_only_the_chosen_models_parameters_are_there():
    """What another model has is out of sight and out of the request."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    gone = {name for name, field in form.fields.items() if "voicenb-gone" in field.box._dom_classes}
    assert "emotion" not in gone
    assert {"instructions", "describe"} <= gone
    form.fields["emotion"].value = {"joy": 0.5}
    assert form.values["emotion"] == "joy=0.5"
    form.fields["model"].value = "voxcpm"
    gone = {name for name, field in form.fields.items() if "voicenb-gone" in field.box._dom_classes}
    assert gone == {"emotion", "language"}
    assert "emotion" not in form.values
    form.fields["text"].input.value = "Hello."
    form.fields["describe"].input.value = "female, purple"
    assert [one.field for one in form.check(voice="https://example.org/a.wav")] == ["describe"]


@settings(deadline=None, max_examples=30)
@given(
    st.dictionaries(st.sampled_from(COMPONENTS), st.integers(1, 20).map(lambda step: step / 20), min_size=1, max_size=3)
)
def test_strengths_survive_their_sliders(strengths):
    """What the editor is set to is what it gives, and its sum is told before the service refuses it."""
    field = EMOTION
    total = round(sum(strengths.values()), 2)
    if total > 1.5:
        with pytest.raises(ValueError, match="sum"):
            field.value = strengths
        return
    field.value = strengths
    assert field.value == parse_emotion(strengths)
    assert ("voicenb-amber" in field._sum.value) == (total > 1.4)


@pytest.mark.parametrize("line", ["random", "https://example.org/happy.wav", "say it happily", None])
def test_other_modes_of_emotion_survive_too(line):
    """A description, another recording's address, and chance."""
    field = Form(services.get("aiclone").request_type("production"), hide=("voice",)).fields["emotion"]
    field.value = line
    assert field.value == line


def test_too_much_emotion_is_said_while_it_is_set():
    """The sum turns red above the most, and the request says so too."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    field = form.fields["emotion"]
    field.input.value = "vector"
    for name in ("joy", "anger"):
        field._sliders[name].value = 0.8
    assert "voicenb-bad" in field._sum.value
    form.fields["text"].input.value = "Hello."
    assert [(one.field, one.error) for one in form.check(voice="https://example.org/a.wav")] == [("emotion", True)]


def test_what_has_no_effect_alone_is_out_of_sight():
    """The language of subtitles is asked for with subtitles, and is part of the request only then."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    field = form.fields["language"]
    assert "voicenb-gone" in field.box._dom_classes
    form.fields["subtitles"].value = "sentence"
    assert "voicenb-gone" not in field.box._dom_classes
    field.input.value = "en"
    assert form.values["language"] == "en"
    form.fields["subtitles"].value = False
    assert "voicenb-gone" in field.box._dom_classes
    assert "language" not in form.values


@pytest.mark.parametrize("value", [True, False, 0, 350])
def test_a_switch_with_a_number_has_its_unit(value):
    """Compact mode: off, as the service has it, or the longest silence in milliseconds."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    field = form.fields["compact"]
    field.value = value
    assert field.value is value if isinstance(value, bool) else field.value == value
    assert field.changed == (value is not False)
    assert ("voicenb-hidden" in field._limit._dom_classes) == (value is False)
    assert field.foot.unit == "ms"
    assert field.foot.unit_shown == (value is not False)
    told = {} if value is False else {"compact": value}
    assert changed("aiclone", "production", {"compact": value, "speed": 1.0}) == told
    field.reset()
    assert "compact" not in form.values


def test_a_number_that_is_none_is_said_under_the_switch():
    """By the request's own rule."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    form.fields["text"].input.value = "Hello."
    form.fields["compact"].input.value = True
    form.fields["compact"]._limit.value = "soon"
    (remark,) = form.check(voice="https://example.org/a.wav")
    assert (remark.field, remark.error) == ("compact", True)
    assert "whole number of milliseconds" in form.fields["compact"].note.value


def test_pauses_are_offered_where_the_service_has_them():
    """By the service's own rules, not by its name."""
    assert Form(services.get("soundclone").request_type("production")).pauses
    assert Form(services.get("faseeh").request_type("production")).pauses
    assert not Form(services.get("aiclone").request_type("production")).pauses


def test_values_that_a_preset_brings_are_kept_even_where_they_are_not_offered():
    """A choice that is not in the list is added to it, and judged like any other."""
    form = production(choices={"language": ("auto", "English")})
    form.set({"language": "Tamil", "version": "v2", "nonsense": 1})
    assert form.values["language"] == "Tamil"
    form.reset()
    assert "language" not in form.values


@pytest.mark.parametrize(
    ("service", "values", "field"),
    [
        ("soundclone", {"speed": "fast"}, "speed"),
        ("soundclone", {"speed": 9}, "speed"),
        ("soundclone", {"pitch": 1.5}, "pitch"),
        ("soundclone", {"volume": 0}, "volume"),
        ("aiclone", {"emotion": {"joy": 0.9, "anger": 0.9}}, "emotion"),
    ],
)
def test_a_value_that_no_control_can_take_is_refused_and_the_others_are_taken(service, values, field):
    """A slider never moves quietly to another value than it was given."""
    form = Form(services.get(service).request_type("production"), hide=("voice",))
    with pytest.raises(InvalidRequest) as refused:
        form.set({**values, "text": "Hello."})
    (problem,) = refused.value.problems
    assert (problem.field, problem.allowed) == (field, form.fields[field].parameter.allowed)
    assert form.values == {"text": "Hello."}


@pytest.mark.parametrize(
    ("typed", "value"),
    [("1,35", 1.35), (" 1.35 ×", 1.35), ("1.35x", 1.35), ("0.5", 0.5), ("1e0", 1.0), ("2", 2.0)],
)
def test_a_number_is_taken_as_people_write_it(typed, value):
    """With a comma, with its unit, pasted with space around it."""
    form = production()
    form.fields["text"].input.value = "Hello."
    form.fields["speed"].input.value = typed
    assert form.fields["speed"].value == value
    assert form.check(voice="model_1") == []


@pytest.mark.parametrize(
    ("field", "typed", "rule"),
    [
        ("speed", 3, "Allowed is a number from 0.5 to 2 ×; given: 3."),
        ("speed", "fast", "Allowed is a number from 0.5 to 2 ×; given: 'fast'."),
        ("speed", "", "Allowed is a number from 0.5 to 2 ×; given: ''."),
        ("speed", "1.234,5", "given: '1.234,5'."),
        ("speed", "inf", "given: 'inf'."),
        ("pitch", "1.5", "Allowed is a whole number from −12 to 12 st; given: 1.5."),
        ("volume", 0, "Allowed is a number above 0 and up to 10 ×; given: 0."),
    ],
)
def test_what_is_typed_is_never_another_number(field, typed, rule):
    """It stays as it is typed, and the rule stands under it."""
    form = production()
    form.fields["text"].input.value = "Hello."
    control = form.fields[field]
    control.input.value = typed
    assert control.input.value == (1.5 if typed == "1.5" else typed)
    (remark,) = form.check(voice="model_1")
    assert (remark.field, remark.error) == (field, True)
    assert rule.replace("−", "-") in remark.text
    assert "voicenb-invalid" in control.box._dom_classes
    assert html.escape(remark.text) in control.note.value
    control.reset()
    assert form.check(voice="model_1") == []


def test_a_number_beside_a_button_says_what_it_may_be():
    """How many takes: no request judges it, so it does so itself, and marks itself."""
    takes = NumberControl(whole=True, slider=False, value=1, min=1, max=20, description="Takes")
    assert (takes.checked(), takes.problem()) == (1, "")
    for typed, named in ((50, "50"), ("many", "'many'"), ("", "nothing"), ("2.5", "2.5")):
        takes.value = typed
        assert takes.problem() == f"Takes: allowed is a whole number from 1 to 20; given: {named}."
        assert "voicenb-invalid" in takes._dom_classes
        with pytest.raises(InvalidRequest, match="from 1 to 20"):
            takes.checked()
    takes.value = "3"
    assert (takes.checked(), takes.value) == (3, 3)
    assert "voicenb-invalid" not in takes._dom_classes


def test_a_range_of_two_decades_has_a_logarithmic_slider():
    """By the parameter's range, whatever its name; its default lies on a stop, and each half of the track holds a decade."""

    class Request(ServiceRequest):
        service: ClassVar[str] = "test"
        gain: Annotated[Number, parameter("g", "How loud.", gt=0, le=10, step=0.1)] = 1.0
        width: Annotated[Number, parameter("w", "How wide.", ge=0.5, le=2)] = 1.0

    fields = Form(Request).fields
    stops = fields["gain"].input.stops
    assert (stops[0], stops[-1]) == (0.1, 10)
    assert stops == sorted(set(stops))
    assert abs(stops.index(1.0) - len(stops) // 2) <= 2
    assert fields["width"].input.stops == []
    (volume,) = (one.input for name, one in production().fields.items() if name == "volume")
    assert volume.stops == stops


def test_every_bad_pause_is_named():
    """Those that break one rule in one sentence, which begins with a capital letter."""
    form = production()
    form.fields["text"].input.value = "One <#200#> two <#0.001#> three <#0.123#> four."
    form.check(voice="model_1")
    said = html.unescape(form.fields["text"].note.value)
    assert "The pauses <#200#>, <#0.001#>" in said
    assert "The pause <#0.123#>: a pause has at most two decimals." in said


def test_the_sum_of_strengths_is_told_once():
    """Where the line of the sum says it, the line below the field does not; a strength that is none is named there."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    form.fields["text"].input.value = "Hello."
    field = form.fields["emotion"]
    field.input.value = "vector"
    field._sliders["joy"].value = field._sliders["anger"].value = 1
    (remark,) = form.check(voice="https://example.org/a.wav")
    assert remark.error
    assert "Sum 2.00" in field._sum.value
    assert field.note.value == ""
    assert "voicenb-invalid" in field.box._dom_classes
    field._sliders["anger"].value = "a lot"
    assert [one.field for one in form.check(voice="https://example.org/a.wav")] == ["emotion"]
    assert "Anger=&#x27;a lot&#x27;: allowed is a number from 0 to 1." in field.note.value


def test_a_value_below_the_first_stop_is_kept_where_it_is_allowed():
    """The volume is above 0, and its slider's first stop at 0.1."""
    form = production()
    form.set({"text": "Hello.", "volume": 0.05})
    assert form.values["volume"] == 0.05
    assert form.check(voice="model_1") == []


def test_what_a_voice_keeps_counts_as_unchanged():
    """A voice that was cloned with another model speaks with it; the form shows that, and the request is judged by it."""
    form = Form(services.get("aiclone").request_type("production"), hide=("voice",))
    form.fields["text"].input.value = "Hello."
    form.set_defaults({"model": "voxcpm", "describe": "female"})
    assert form.fields["model"].value == "voxcpm"
    assert form.fields["describe"].value == "female"
    assert form.values == {"text": "Hello."}
    assert form.check(voice="https://example.org/a.wav") == []
    form.fields["model"].value = "v1-real"
    assert form.values == {"text": "Hello.", "model": "v1-real"}
    assert form.check(voice="https://example.org/a.wav") == []
    form.set_defaults({})
    assert form.fields["model"].value == "v1-real"
    form.reset()
    assert form.fields["model"].value == "v2-emotion"


def test_what_is_warned_of_is_nobody_elses_warning():
    """While a panel judges in a thread, a cell's own warnings are warnings, and the filters stay as they are."""
    form = production(strict=False, choices={"language": ("auto", "Klingon")})
    form.fields["text"].input.value = "nuqneH"
    form.fields["language"].value = "Klingon"
    filters = list(warnings.filters)
    begun = threading.Barrier(2, timeout=240)

    def inside():
        begun.wait()
        begun.wait()
        return form.check(voice="model_1")

    found = []
    judge = threading.Thread(target=lambda: found.append(without_warnings(inside)))
    judge.start()
    begun.wait()
    with pytest.warns(LearnedRuleWarning, match="Klingon"):
        ProductionRequest.build({"voice": "model_1", "text": "nuqneH", "language": "Klingon"})
    begun.wait()
    judge.join()
    assert warnings.filters == filters
    ((remark,),) = found
    assert (remark.field, remark.error) == ("language", False)

"""What Shift-Tab and completion read: the signature and the docstring of a call on the studio or voice at hand."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import voicenb as vn
from voicenb.studio.aio import Aio
from voicenb.studio.studio import Studio
from voicenb.studio.voice import Voice

SPEAKING = ("say", "submit", "stream", "takes", "each_take", "price", "is_cached")


@pytest.mark.parametrize("name", SPEAKING)
def test_a_voices_calls_name_the_parameters_of_its_service(voice, name):
    """Each parameter of speech is a keyword with the request's own default, and its range is in the docstring."""
    method = getattr(voice, name)
    shown = inspect.signature(method).parameters
    for key, one in voice.session.service.request_type("production").parameters().items():
        if key in {"voice", "text"}:
            continue
        assert shown[key].kind is inspect.Parameter.KEYWORD_ONLY
        assert shown[key].default == one.default
        assert f"    {key}: {one.help.rstrip('.')}; {one.allowed}." in inspect.getdoc(method)
    assert "vol (volume), subtitleEnable (subtitles)." in inspect.getdoc(method)


def test_each_service_has_its_own(studio, home):
    """Two studios in one kernel show two signatures, of cloning, too, and neither changes the class."""
    with vn.connect("faseeh", sandbox=True, home=home) as other:
        here, there = inspect.signature(studio.clone).parameters, inspect.signature(other.clone).parameters
        assert "version" in here
        assert "version" not in there
        assert {"stability", "gender", "dialect"} <= set(there)
        assert "default_text" not in there
        assert "stability" in inspect.signature(other.aio.say).parameters
        assert "emotion" in inspect.signature(studio.aio.say).parameters
    for owner, name in ((Voice, "say"), (Studio, "clone"), (Aio, "submit")):
        written = inspect.signature(getattr(owner, name)).parameters
        assert [one for one in written.values() if one.kind is inspect.Parameter.VAR_KEYWORD]
        assert not {"emotion", "version", "stability"} & set(written)


def test_the_calls_stay_what_they_were(voice):
    """It is a bound method of the voice, coroutines stay coroutines, and a voice refuses to be copied as before."""
    assert inspect.ismethod(voice.say)
    assert voice.say.__self__ is voice
    assert voice.say == voice.say
    assert voice.say.__name__ == "say"
    aio = Studio(voice.session).aio
    assert inspect.iscoroutinefunction(aio.say)
    assert inspect.isasyncgenfunction(aio.stream)
    for act in (copy.copy, pickle.dumps):
        with pytest.raises(TypeError, match=r"studio\.voice"):
            act(voice)
    with pytest.raises(vn.InvalidRequest, match="did you mean 'speed'"):
        voice.price("Hello.", sped=1.1)
    assert voice.price("Hello.", vol=1.5).amount == voice.price("Hello.", volume=1.5).amount

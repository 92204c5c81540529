"""Studies on the sandbox that tests share, each in a home of its own."""

import pytest
from small_studies import charged

import voicenb as vn


@pytest.fixture
def studio(blank_home):
    with vn.connect(home=blank_home) as one:
        yield one


@pytest.fixture
def voice(studio, blank_home):
    sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
    return studio.clone(sample, name="ada", text="Hello.", language="English", quiet=True)


@pytest.fixture
def before(voice, blank_home):
    """How many clips the sandbox's books have, once the voice is there."""
    return len(charged(blank_home))

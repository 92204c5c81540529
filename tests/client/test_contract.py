"""All services held to one contract, in the sandbox; and, asked for by ``-m live``, the live ones at a small cost."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

import voicenb as vn
from voicenb import services
from voicenb.testing import ServiceContract


@pytest.fixture(scope="session")
def twin(home):
    """Connects to the sandbox as one of the services."""
    studios = {}

    def connect(service):
        if service not in studios:
            studios[service] = vn.connect(service, sandbox=True, home=home)
        return studios[service]

    yield connect
    for studio in studios.values():
        studio.close()


class InTheSandbox(ServiceContract):
    service = ""

    @pytest.fixture(scope="class")
    @classmethod
    def studio(cls, twin):
        return twin(cls.service)

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, ada):
        return ada


class TestSoundClone(InTheSandbox):
    service = "soundclone"
    minimal: ClassVar = {
        "preview": {"text": "Hello there."},
        "production": {"voice": "model_1", "text": "Hello there."},
    }
    parameters: ClassVar = {"language": "English"}


class TestAiClone(InTheSandbox):
    service = "aiclone"
    minimal: ClassVar = {
        "preview": {"text": "Hello there."},
        "production": {"voice": "https://example.com/me.wav", "text": "Hello there."},
    }
    parameters: ClassVar = {"model": "v1-real"}


class TestFaseeh(InTheSandbox):
    service = "faseeh"
    minimal: ClassVar = {
        "preview": {"text": "Hello there, my friend."},
        "voice": {"text": "Hello there, my friend.", "name": "me"},
        "production": {"voice": "ar-hijazi-female-1", "text": "Hello there."},
    }


class TestOpenAi(InTheSandbox):
    service = "openai"
    minimal: ClassVar = {
        "preview": {"text": "Hello there."},
        "production": {"voice": "alloy", "text": "Hello there."},
    }
    parameters: ClassVar = {"reference_text": "What is said in it."}


class TestOpenAiInline(TestOpenAi):
    """The recording goes with each request."""

    @pytest.fixture(scope="class")
    @classmethod
    def studio(cls, home):
        with vn.connect("openai", sandbox=True, home=home, cloning="inline", prices="free") as studio:
            yield studio


def test_every_service_is_in_its_contract():
    """A service that is added here is tested here."""
    assert set(services.names()) == {one.service for one in InTheSandbox.__subclasses__()}


# What one live run may cost at most, in each service's own unit, by the price that the service itself names.
CAP = {"soundclone": Decimal("0.1"), "aiclone": Decimal(40), "faseeh": Decimal(40), "openai": Decimal("0.01")}
# What the account's owner says that it costs, where the service does not.
PRICES = {"openai": "0.015"}
READY = {"faseeh": "ar-hijazi-female-1", "openai": "alloy"}
LINE = "Hello there, my friend."


@pytest.mark.live
@pytest.mark.parametrize("service", sorted(CAP))
def test_a_live_service_speaks_for_less_than_the_cap(service, tmp_path):
    """One sentence in a voice that the account has: ``VOICENB_LIVE_<SERVICE>_VOICE`` names it (modelId, URL or voice_id)."""
    names = services.get(service).profile.key_variables
    voice = os.environ.get(f"VOICENB_LIVE_{service.upper()}_VOICE") or READY.get(service)
    if not any(os.environ.get(name) for name in names) or voice is None:
        pytest.skip(f"needs {' or '.join(names)} and VOICENB_LIVE_{service.upper()}_VOICE")
    with vn.connect(service, home=tmp_path, budget=CAP[service], prices=PRICES.get(service)) as studio:
        clip = studio.voice(voice).say(LINE, quiet=True)
        assert clip.duration > 0.5
        assert clip.task.cost <= CAP[service]


@pytest.mark.slow
def test_the_live_tests_run_where_their_key_and_voice_are_given(twin, ada):
    """Pointed at the sandbox, as they are pointed at a live service: by the environment alone. It takes long: pytest starts anew."""
    studio = twin("aiclone")
    uploaded = studio.clone(ada, name="uploaded", quiet=True, consent="a contract test").id
    running = vn.sandbox.start(studio.home)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOICENB_")} | {
        "AICLONE_API_KEY": running.key.reveal(),
        "AICLONE_BASE_URL": running.services["aiclone"],
        "VOICENB_LIVE_AICLONE_VOICE": uploaded,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "live", __file__],
        env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "1 passed, 3 skipped" in done.stdout, done.stdout

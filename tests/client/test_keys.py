"""A key is found where it should be, and shows nowhere."""

import copy
import pickle

import pytest

from voicenb.base.keys import Secret, find_key
from voicenb.errors import AuthenticationError

CANARY = "sk_canary_9f8e7d6c"
NAMES = ("SOUNDCLONE_API_KEY", "JIMMYAI_API_KEY")


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def test_a_secret_shows_in_no_form():
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", repr([secret]), repr({"key": secret})]
    assert all(CANARY not in one for one in shown)
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_copied(take):
    with pytest.raises(TypeError):
        take(Secret(CANARY))


def test_the_argument_wins_over_the_environment_and_the_first_name_over_the_second(monkeypatch):
    monkeypatch.setenv("JIMMYAI_API_KEY", "second")
    assert find_key("soundclone", NAMES).reveal() == "second"
    monkeypatch.setenv("SOUNDCLONE_API_KEY", "first")
    assert find_key("soundclone", NAMES).reveal() == "first"
    assert find_key("soundclone", NAMES, "given").reveal() == "given"


def test_a_missing_key_names_the_variable_to_set(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthenticationError, match="SOUNDCLONE_API_KEY"):
        find_key("soundclone", NAMES)


@pytest.mark.parametrize("bad", ["two words", "sk_é", "sk_\n_x"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(bad):
    with pytest.raises(AuthenticationError) as caught:
        find_key("soundclone", NAMES, bad)
    assert bad not in str(caught.value)

"""This machine's proxies and certificates, and base URLs with secrets: one error that names the variable, before a row is made."""

import os
import subprocess
import sys

import pytest
from wire import API, envelope

import voicenb as vn

PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}
BALANCE = f"{API}/user/balance"
PASSWORD = "p4ssw0rd-canary"


@pytest.fixture
def clean(monkeypatch):
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


BROKEN = {
    "socks": ("ALL_PROXY", f"socks5://user:{PASSWORD}@127.0.0.1:9", r"ALL_PROXY.*pip install 'httpx\[socks\]'"),
    "brackets": ("NO_PROXY", "localhost,[::1]", "NO_PROXY.*without brackets"),
    "no file": ("SSL_CERT_FILE", "/nowhere/ca.pem", r"SSL_CERT_FILE.*(No such file)"),
    "key log": ("SSLKEYLOGFILE", "/nowhere/keys.log", "SSLKEYLOGFILE"),
    "directory": ("SSL_CERT_FILE", "/", "SSL_CERT_FILE"),
    "no scheme": ("HTTPS_PROXY", f"socks4a://{PASSWORD}", "HTTPS_PROXY"),
    "scheme": ("HTTPS_PROXY", f"gopher://user:{PASSWORD}@127.0.0.1:9", "HTTPS_PROXY"),
    "port": ("https_proxy", f"http://user:{PASSWORD}@127.0.0.1:port", "https_proxy"),
}


@pytest.mark.parametrize(("name", "value", "said"), BROKEN.values(), ids=BROKEN)
def test_a_setting_that_cannot_be_used_is_named_before_anything_is_written(clean, tmp_path, name, value, said):
    clean.setenv(name, value)
    with vn.connect("soundclone", api_key="sk_x", home=tmp_path, prices=PRICES) as studio:
        for call in (
            lambda: studio.voice("model_1").submit("Hello."),
            lambda: studio.voice("model_1").say("Hello.", quiet=True),
            lambda: studio.clone("https://example.com/a.wav", name="a", text="Hello.", quiet=True),
            studio.balance,
            lambda: vn.Reference("https://example.com/a.wav").fetch(),
        ):
            with pytest.raises(vn.ServiceError, match=said) as caught:
                call()
            assert "may have been charged" not in str(caught.value)
            assert PASSWORD not in str(caught.value)
        assert studio.tasks() == []


def test_certificates_that_are_none_are_named(clean, tmp_path):
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    clean.setenv("SSL_CERT_FILE", str(wrong))
    with (
        vn.connect("soundclone", api_key="sk_x", home=tmp_path / "home", prices=PRICES) as studio,
        pytest.raises(vn.ServiceError, match="SSL_CERT_FILE"),
    ):
        studio.balance()


# Python itself reads SSLKEYLOGFILE, whatever httpx is told.
HTTPX = {name: one for name, one in BROKEN.items() if name != "key log"}


@pytest.mark.parametrize(("name", "value", "said"), HTTPX.values(), ids=HTTPX)
def test_this_machine_is_reached_whatever_is_set(clean, tmp_path, wire, name, value, said):
    clean.setenv(name, value)
    wire.script[BALANCE] = envelope({"available": 3})
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES) as studio:
        assert studio.balance().amount == 3


def test_no_proxy_sees_what_is_meant_for_this_machine(clean, tmp_path, wire):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES) as studio:
        clean.setenv("ALL_PROXY", f"http://user:{PASSWORD}@127.0.0.1:9")
        wire.script[BALANCE] = envelope({"available": 3})
        assert studio.balance().amount == 3


@pytest.mark.slow
def test_the_sandbox_starts_and_speaks_behind_broken_settings(tmp_path):
    program = (
        "import sys, voicenb as vn\nstudio = vn.connect(home=sys.argv[1])\n"
        "voice = studio.clone(vn.sandbox.sample_speaker('ada', home=sys.argv[1]), name='ada', text='Hello.', quiet=True)\n"
        "print(voice.say('Hello there.', quiet=True).duration > 0.3)\n"
    )
    broken = {name: value for name, value, _ in BROKEN.values()} | {"http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=os.environ | broken, capture_output=True, text=True,
        check=False, timeout=240,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"https://team:{PASSWORD}@host.example",
        f"https://{PASSWORD}@host.example/v1",
        f"http://team:{PASSWORD}@127.0.0.1:80",
        f"https://team:{PASSWORD}@host.example:port",
        f"https://host.example/v1?key={PASSWORD}",
        f"https://host.example/v1#{PASSWORD}",
        f"team:{PASSWORD}@host.example",
    ],
)
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_base_url_with_a_secret_in_it_is_refused_and_shown_nowhere(tmp_path, monkeypatch, url, by):
    monkeypatch.setenv("SOUNDCLONE_BASE_URL", url)
    with pytest.raises(vn.ServiceError, match="base_url") as caught:
        vn.connect("soundclone", api_key="sk_x", home=tmp_path, **({"base_url": url} if by == "argument" else {}))
    assert PASSWORD not in str(caught.value)
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and PASSWORD.encode() in one.read_bytes()]


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://host.example:port", "https://", "https://ho st.example", "https://\x00"]
)
def test_a_base_url_that_is_none_is_one_error(tmp_path, url):
    with pytest.raises(vn.ServiceError, match="base_url"):
        vn.connect("soundclone", api_key="sk_x", home=tmp_path, base_url=url)

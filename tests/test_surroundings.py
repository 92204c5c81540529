"""Where a reader's programs run: folders with files named like modules, no standard streams, text in other encodings."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys

import pytest

import voicenb as vn

SHADOWS = ["random", "types", "token", "copy", "json", "logging", "queue", "struct", "wave", "typing", "numpy", "httpx"]


@pytest.fixture
def shadowed(tmp_path, monkeypatch):
    """A current folder with files named like modules, each of which says that it was run."""
    folder = tmp_path / "notebook"
    folder.mkdir()
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\nraise SystemExit(9)\n"
        )
    monkeypatch.chdir(folder)
    return tmp_path / "ran"


@pytest.mark.slow
def test_files_named_like_modules_are_nobody_s_business(shadowed, home):
    """The sandbox, its workers and espeak-ng's process start and speak; none of the reader's files is run.

    It takes long: all of these really start.
    """
    with vn.connect() as studio:
        voice = studio.clone(vn.Reference(vn.sandbox.sample_speaker("ada"), consent="a sample"), name="a", quiet=True)
        assert voice.say("Guten Tag, 你好.", quiet=True).duration > 0.5
    # And by the shell, whose console script has its own folder on the path.
    command = [sys.executable, "-P", "-m", "voicenb", "history", "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-P", "-m", "voicenb", "sandbox", "--port", "-1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "no port" in done.stderr
    assert not shadowed.exists(), shadowed.read_text()


def test_a_shadowed_module_is_named(tmp_path, home):
    """Where voicenb itself meets such a file, the message says which one it is."""
    (tmp_path / "wave.py").write_text("")
    (tmp_path / "httpx.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport voicenb as vn\nvn.connect()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"{tmp_path / 'httpx.py'}" in done.stderr.splitlines()[-1]
    assert "rename it" in done.stderr.splitlines()[-1]


WITHOUT = """
import os, sys, warnings
warnings.simplefilter("error")
out = os.fdopen(os.dup(1), "w")
for number in (0, 1, 2):
    if {closed}:
        os.close(number)
sys.stdin = sys.stdout = sys.stderr = None
import voicenb as vn
from voicenb.studio.waiting import show_progress
with vn.connect() as studio:
    voice = studio.clone(vn.Reference(vn.sandbox.sample_speaker("ada"), consent="a sample"), name="a")
    show_progress("bar")
    print(voice.say("Hello there.").duration > 0.2, file=out)
from voicenb.shell.main import main
print(main(["history"]), main(["say", "--voice", "a", "Hello there."]), main(["say", "--voice", "a", "-"]), file=out)
try:
    vn.connect("soundclone")
except vn.VoicenbError as error:
    print(type(error).__name__, file=out)
out.close()
"""


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(False, marks=pytest.mark.slow, id="pythonw"),
        pytest.param(True, marks=pytest.mark.slow, id="a daemon"),
    ],
)
def test_no_standard_streams(closed, home):
    """As with ``pythonw``, under a service manager, or in a daemon that has closed them."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(closed=closed)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "0", "0", "2", "AuthenticationError"], done.stderr
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a shell closes streams with >&-")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_shell_that_closes_streams(closed, home):
    """What is kept stays whole: no file of ours gets the number of a closed stream."""
    script = f'"{sys.executable}" -m voicenb history --csv {closed}'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


TEXTS = [
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"), (b"", "utf-8"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("mark", "encoding"), TEXTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_text_file_in_any_unicode_encoding(mark, encoding, blank_home):
    """PowerShell writes UTF-16, Notepad a byte order mark."""
    text = "Grüße, 你好 \N{GRINNING FACE}."
    words = ["say", "--service", "soundclone", "--sandbox", "--voice", "model_x", "--price", "-"]
    command = [sys.executable, "-m", "voicenb", *words]
    plain = subprocess.run([*command[:-1], text], capture_output=True, check=False)
    done = subprocess.run(command, input=mark + text.encode(encoding), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == plain.stdout


@pytest.mark.slow
@pytest.mark.parametrize("data", ["Grüße".encode("latin-1"), "Hello there".encode("utf-16-le"), b"\xff\xfe\x00\xd8"])
def test_text_that_is_none_is_refused_by_name(data, home):
    command = [sys.executable, "-m", "voicenb", "say", "--voice", "model_x", "--price", "-"]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"save it as UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("key", ['"sk_abc"', "'sk_abc'", " sk_abc\n", '"sk_abc" ', "\ufeffsk_abc", "“sk_abc”"])
def test_quotes_around_a_key_are_not_of_it(key, home, monkeypatch):
    """As .env files, spreadsheets and chats leave them."""
    from voicenb.base.keys import find_key

    assert find_key("soundclone", ["SOME_API_KEY"], key).reveal() == "sk_abc"
    monkeypatch.setenv("SOME_API_KEY", key)
    assert find_key("soundclone", ["SOME_API_KEY"]).reveal() == "sk_abc"


@pytest.mark.parametrize("key", ['"sk_abc', "sk_'abc", '""', "sk abc"])
def test_a_key_with_half_of_its_quotes_is_refused(key, home):
    from voicenb.base.keys import find_key

    with pytest.raises(vn.AuthenticationError) as refused:
        find_key("soundclone", ["SOME_API_KEY"], key)
    assert "abc" not in str(refused.value)

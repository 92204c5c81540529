"""``voicenb clone``: a voice from a recording."""

from __future__ import annotations

import argparse

from voicenb.shell.clips import add_out, described, is_stdout, line, pipe, writable
from voicenb.shell.command import Command, add_paid
from voicenb.shell.connection import connected
from voicenb.shell.consent import consent_in
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output
from voicenb.shell.request_options import RequestOptions

__all__ = ["COMMAND"]

_OPTIONS = RequestOptions(("preview", "voice"), frozenset({"reference", "preview", "name", "text", "language"}))


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a recording, or its URL")
    parser.add_argument("--name", metavar="NAME", help="what to call the voice (default: the recording's name)")
    parser.add_argument("--text", metavar="TEXT", help="what the preview speaks (default: a line in --language)")
    parser.add_argument(
        "--preview",
        metavar="FILE",
        help="a preview of this recording that you have already (Faseeh); --text is what it speaks",
    )
    parser.add_argument("--language", metavar="NAME", help="the language of the text, such as English")
    parser.add_argument("--consent", metavar="TEXT", help="the speaker's consent, in your words; kept with the voice")
    add_out(parser, "also write the preview: .wav .flac .mp3 .ogg; - writes its sound to standard output")
    add_paid(parser)


def run(given: argparse.Namespace, out: Output) -> int:
    path, to_stdout = writable(given.out), is_stdout(given, out)
    consent = given.consent
    if consent is None and (consent := consent_in(given.file)) is not None:
        out.note(f"The recording notes the consent: {consent}")
    with connected(given) as studio:
        voice = studio.clone(
            given.file, name=given.name, text=given.text, language=given.language, consent=consent,
            preview=given.preview, fresh=given.fresh, timeout=given.timeout, **_OPTIONS.given(given),
        )  # fmt: skip
        preview = voice.preview
        document = None if preview is None else described(preview, path)
        if to_stdout and preview is not None:
            pipe(preview, given)
        if (path or to_stdout) and preview is None:
            out.note("There is no preview to write: this service makes one where --text is given.")
        if voice.consent is None:
            out.note("No consent is recorded; --consent 'who agreed to what' keeps it with the voice.")
        life = f", {voice.until}" if voice.until else ""
        out.result(
            {
                "name": voice.name,
                "id": voice.id,
                "service": studio.service.profile.id,
                "endpoint": studio.endpoint,
                "expires": voice.expires,
                "consent": voice.consent,
                "details": dict(voice.details) or None,
                "preview": document,
            },
            [f"{voice.name}{life}", *([] if preview is None or document is None else [line(preview, document)])],
        )
    return OK


COMMAND = Command(
    "clone",
    "make a voice from a recording",
    "Clones the voice of a recording, lets it speak a preview, and keeps both under a name.",
    (
        "voicenb clone me.wav --name me --text 'Hello.' --language English --consent 'my own voice'",
        "voicenb clone me.wav --service soundclone --name me --version v2",
    ),
    add,
    run,
    options=_OPTIONS,
    waits=True,
)

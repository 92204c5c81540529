"""espeak-ng in a process of its own: `python espeak_program.py VOICE < text > speech`.

It writes a line of JSON — the rate, and the words and phonemes with their places — and then 16-bit samples. A process a
text, because espeak-ng (GPL-3, an extra) carries state from one text to the next: only a fresh one gives the same samples
again. It takes 30 ms. Nothing but the standard library and `espeakng_loader` is imported here.

Source: https://github.com/espeak-ng/espeak-ng/blob/1.52.0/src/include/espeak-ng/speak_lib.h
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any, ClassVar

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _DONT_EXIT = 0x0001, 0x8000
_WORD, _PHONEME = 1, 7
_CHARACTERS, _UTF8, _END_PAUSE = 1, 1, 0x1000
UNKNOWN_VOICE = 3
"""Exit code: espeak-ng has no such voice."""


class _Identifier(ctypes.Union):
    _fields_: ClassVar = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identifier),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def main() -> None:
    """Speak the standard input's text."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _DONT_EXIT)
    if rate <= 0:
        sys.exit("espeak-ng could not be initialised")
    # An unknown name keeps the voice there was, so the answer matters.
    if library.espeak_SetVoiceByName(sys.argv[1].encode()):
        sys.exit(UNKNOWN_VOICE)
    text = sys.stdin.buffer.read()
    samples = bytearray()
    words: list[tuple[int, int, int]] = []
    phonemes: list[tuple[int, str]] = []

    def collect(wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            samples.extend(ctypes.string_at(wave, count * 2))
        at = 0
        while events[at].type:
            event = events[at]
            if event.type == _WORD:
                words.append((event.text_position - 1, event.length, event.sample))
            elif event.type == _PHONEME:
                phonemes.append((event.sample, event.id.string.decode("utf-8", "replace")))
            at += 1
        return 0

    callback = _CALLBACK(collect)
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth(text, len(text) + 1, 0, _CHARACTERS, 0, _UTF8 | _END_PAUSE, None, None)
    library.espeak_Synchronize()
    header = json.dumps({"rate": rate, "words": words, "phonemes": phonemes})
    sys.stdout.buffer.write(header.encode() + b"\n" + bytes(samples))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""What makes speech from text, in a voice of its own: hibari-tts for English, espeak-ng for the other languages.

Lives here: each front end with what its library needs. Does not: the timbre of a reference.
May call: text, prosody, acoustics, errors.
"""

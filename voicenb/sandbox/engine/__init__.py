"""The built-in voice: text to speech, in the voice of a recording. See `pool` for its face."""

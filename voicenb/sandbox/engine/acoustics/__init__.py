"""Signal processing: envelopes, pitch, loudness, and WORLD.

Lives here: functions of waves and frames. Does not: texts, voices, files.
May call: nothing of the sandbox.
"""

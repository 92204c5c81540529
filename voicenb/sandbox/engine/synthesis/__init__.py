"""A text in a voice, to a file: who speaks each stretch, and how the stretches become one recording.

Lives here: the engine as a worker calls it, and the assembly of a file. Does not: a front end or a conversion.
May call: front_ends, timbre, text, prosody, acoustics, errors.
"""

"""Pitch, time and loudness of an utterance, and the emotions as presets of them.

Lives here: what is asked of a front end, and what it gives. Does not: how it is done.
May call: acoustics.
"""

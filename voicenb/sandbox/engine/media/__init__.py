"""Decoding of recordings, whatever their container.

Lives here: libsndfile, and FFmpeg in a process of its own. Does not: anything about voices.
May call: acoustics, errors.
"""

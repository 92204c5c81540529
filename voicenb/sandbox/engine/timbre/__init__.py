"""Whose voice it is: profiles of recordings, the conversion to them, and voices designed from words.

Lives here: what changes a front end's voice into another. Does not: a front end; one is given.
May call: media, prosody, acoustics, errors.
"""

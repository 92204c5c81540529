"""Sound as bytes and as samples: containers, decoding and encoding, resampling, tags, subtitles.

Lives here: what reads or writes a file. Does not: what is measured of it, how it looks, which task it came from.
May call: base, errors.
"""

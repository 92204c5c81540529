"""The built-in voice: text to speech, in the voice of a recording; `workers.pool` is how the server calls it.

Lives here: all that makes sound. Does not: HTTP, books, services.
May call: nothing of the sandbox.
"""

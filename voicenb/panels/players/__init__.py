"""What plays in a cell: one clip, several compared on one clock, a stream as it comes.

Lives here: anywidgets over clips, and the sound that they send to the page. Does not: forms, and what is paid.
May call: display, audio, studio, base.
"""

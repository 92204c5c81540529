"""What binds a widget to its page and its kernel: the scripts and styles, messages beside a cell, outputs that stay.

Lives here: what knows the front end or ipykernel, and draws nothing. Does not: sound and controls.
May call: base.
"""

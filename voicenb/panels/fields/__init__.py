"""The controls of a form: one class a kind of parameter.

Lives here: what a parameter looks like, how its value is read and set. Does not: which parameters there are, and what is done with them.
May call: `voicenb.panels.parts`, services, errors.
"""

"""How sound looks in a cell: static HTML and PNG, the progress line, the comparison grid, the plots.

Lives here: what stays in a saved notebook, from plain values. Does not: widgets (panels), and tasks or services.
May call: measures, audio, base.
"""

"""What is typed: the shell's commands, one file each, the magics of a notebook, and the program that opens JupyterLab.

Lives here: arguments, printed lines, exit codes. Does not: anything that a notebook could not do with the same calls.
May call: studio and what it calls.
"""

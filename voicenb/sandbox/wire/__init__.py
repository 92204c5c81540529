"""What every route of the sandbox shares about HTTP: keys, bodies, fields, error answers.

Lives here: how a request is read and refused. Does not: anything that is kept or spoken, or the form of one service.
May call: nothing of the sandbox.
"""

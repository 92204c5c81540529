"""Faults on demand: what goes wrong between a client and a service, at the wire, when it is asked for.

Lives here: the registry of faults, how they are set, and how they strike. Does not: anything of one service but the paths of its calls.
May call: twins (their protocol), wire, bookkeeping, engine.
"""

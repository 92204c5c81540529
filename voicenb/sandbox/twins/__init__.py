"""The twins of the services, a sub-room each, and what all of them are given.

Lives here: a twin's protocol and context, settings, seeds and the queue of tasks. Does not: the server that they run in; no twin knows another.
May call: recordings, wire, bookkeeping, engine.
"""

"""The sandbox's program: its start and end, its parts put together, its own routes below ``/sandbox``.

Lives here: lock, address, lifelines, signals, the ASGI application. Does not: the rules of a service, and sound.
May call: fault_injection, twins, recordings, wire, bookkeeping, engine.
"""

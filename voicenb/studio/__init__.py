"""What a person holds: connect, Studio, Voice, Reference, Task, Stream, Clip, History, and the same as coroutines.

Lives here: thin faces on a session. Does not: widgets, which come through `voicenb.base.views`, and the shell.
May call: tasks, ledger, services, display, measures, audio, base, and the sandbox's launcher.
"""

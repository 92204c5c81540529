"""SoundClone's twin (Jimmy AI).

Lives here: its routes, rules, prices and tasks. Does not: anything of another service.
May call: the modules of twins, and what they may call.
"""

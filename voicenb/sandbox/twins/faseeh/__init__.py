"""Faseeh's twin (Munsit).

Lives here: its routes, rules, prices and streams. Does not: anything of another service.
May call: the modules of twins, and what they may call.
"""

"""AI Clone Voice Free's twin (v2).

Lives here: its routes, rules, price and tasks. Does not: anything of another service.
May call: the modules of twins, and what they may call.
"""

"""The twin of an OpenAI-compatible speech server.

Lives here: its routes, rules, voices and encodings. Does not: anything of another service.
May call: the modules of twins, and what they may call.
"""

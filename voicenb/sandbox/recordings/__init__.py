"""The sandbox's files: uploads, results and profiles of voices, and how a recording gets here.

Lives here: folders, media types, receiving, fetching and enrolling. Does not: routes, and the rules of one service.
May call: wire, bookkeeping, engine.
"""

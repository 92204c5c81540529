"""What the sandbox keeps in its SQLite file: accounts, charges, tasks, models, voices, uploads and settings.

Lives here: the schema, and every transaction on it. Does not: HTTP, sound, files beside the books, or what one service makes of a row.
May call: nothing of the sandbox.
"""

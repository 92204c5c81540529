"""A study as one file that is sent to others: a page, or a notebook.

Lives here: how the answer, the tables, the pictures and the players look, and what the file keeps to be read back. Does not: find any of it
(`voicenb.study.reporting`), and know the ledger or a service. May call: display, base.
"""

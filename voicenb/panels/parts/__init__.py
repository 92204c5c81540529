"""What panels are put together from: buttons, tables, uploads, notes, and what a press tells of the page.

Lives here: widgets and helpers that know no panel. Does not: services and their rules.
May call: `voicenb.panels.players`, studio, services, audio, ledger, base, errors.
"""

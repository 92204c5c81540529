"""Parameter studies: designs of what is varied, cell by cell.

Lives here: designs; plans, runs and what is found come next. Does not: statistics that know nothing of voices
(`voicenb.statistics`), measures (`voicenb.measures`). May call: studio, tasks, ledger, services, display, statistics, measures,
audio, base.
"""

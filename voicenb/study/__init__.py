"""Parameter studies: what is varied, what it costs, what was made, and what each parameter does.

Lives here: designs, plans, runs, results, effects. Does not: statistics that know nothing of voices
(`voicenb.statistics`), measures (`voicenb.measures`). May call: studio, tasks, ledger, services, display, statistics, measures,
audio, base.
"""

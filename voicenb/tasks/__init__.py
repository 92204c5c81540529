"""The life of a paid task: plan, submit, follow, settle; cache, concurrency limit and budget.

Lives here: what takes a request of one service to its end, on the background loop. Does not: what a person holds or sees.
May call: ledger, services, audio, base.
"""

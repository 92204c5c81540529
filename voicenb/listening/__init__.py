"""Blind listening tests: what is asked, what is heard, who answered, and what that says.

A test's design, its hidden key and its votes are in the ledger; a page knows only sounds without names.
Lives here: designs, stimuli, orders, votes, answer files, results. Does not: the page and the widget (panels), and what a study is.
May call: ledger, display, measures, statistics, audio, base.
"""

"""The processes that speak, and the pool of them in the server's process.

Lives here: jobs, pipes, and loading all of it in the background. Does not: signal processing.
May call: synthesis, timbre, text, errors.
"""

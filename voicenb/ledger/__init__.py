"""The SQLite record of tasks, voices, budgets and balances, and the content-addressed files beside it.

Lives here: records, tables, migrations, the owners of tasks, and DataFrames of rows. Does not: what a row means to a service.
May call: base, errors.
"""

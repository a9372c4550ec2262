"""Taking over the database of the old service: `manage.py adopt`, see docs/adopt.md.

`old_tables` moves the old tables into a schema of their own, where they stay as they are, and
`copying` copies them from there, a batch per transaction, as `table_plan` says for each table.
`account_tables` are the plans of this app.
"""

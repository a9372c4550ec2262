"""Takes over the database of the old service: `manage.py adopt`, see docs/adopt.md.

`old_tables` moves the old tables into a schema of their own, where they stay unchanged. `copying`
copies their rows from there, one batch per transaction, by the plans (`table_plan`) in
`account_tables` and `chat_tables`.
"""

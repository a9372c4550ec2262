"""Four unique columns get an index instead of a constraint, so that it can be dropped and rebuilt.

The new index is built beside the constraint and then takes its name, in one transaction, so no
moment is without one. An interrupted build is begun again by migrating again.
"""

from django.db import migrations, models

COLUMNS = (
    ("apikey", "api_keys_new", "key_digest", "idx_api_keys_new_api_key", {}),
    ("user", "users", "legacy_key_digest", "idx_users_api_key", {}),
    (
        "user",
        "users",
        "username",
        "idx_users_username",
        {"violation_error_message": "A user with this name already exists."},
    ),
    ("user", "users", "privy_user_id", "idx_users_privy_id", {}),
)


def forwards(table: str, column: str, name: str) -> list[str]:
    # One by one: a statement that works concurrently must be alone.
    return [
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}_new",
        f"CREATE UNIQUE INDEX CONCURRENTLY {name}_new ON {table} ({column}) INCLUDE (id)",
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"
        f" DROP INDEX IF EXISTS {name};"
        f" ALTER INDEX {name}_new RENAME TO {name}",
    ]


def backwards(table: str, name: str) -> list[str]:
    return [
        migrations.RunSQL.noop,
        migrations.RunSQL.noop,
        f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}",
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0035_name_and_settings")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(model_name=model, name=name),
                migrations.AddConstraint(
                    model_name=model,
                    constraint=models.UniqueConstraint(
                        fields=[column], include=["id"], name=name, **options
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(done, undone)
                for done, undone in zip(
                    forwards(table, column, name), backwards(table, name), strict=True
                )
            ],
        )
        for model, table, column, name, options in COLUMNS
    ]

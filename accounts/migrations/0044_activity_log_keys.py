"""Keys of the activity log with the time in them, as those of a partitioned table must have.

Each is built beside the old one and takes its place, so no moment is without one. An interrupted
build is begun again by migrating again. The index on the event id alone stays until the next
migration but one, for processes of the old release.
"""

from django.db import migrations

NAME = "uniq_activity_log_event"


def primary_key(columns: str) -> list[str]:
    # One by one: a statement that works concurrently must be alone.
    return [
        "DROP INDEX CONCURRENTLY IF EXISTS activity_log_new_pkey",
        f"CREATE UNIQUE INDEX CONCURRENTLY activity_log_new_pkey ON activity_log ({columns})",
        "ALTER TABLE activity_log DROP CONSTRAINT activity_log_pkey,"
        " ADD CONSTRAINT activity_log_pkey PRIMARY KEY USING INDEX activity_log_new_pkey",
    ]


def unique(columns: str, name: str) -> list[str]:
    return [
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}_new",
        f"CREATE UNIQUE INDEX CONCURRENTLY {name}_new ON activity_log ({columns})",
        f"ALTER TABLE activity_log DROP CONSTRAINT IF EXISTS {name},"
        f" ADD CONSTRAINT {name} UNIQUE USING INDEX {name}_new",
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0043_delete_chats_index")]

    operations = [
        migrations.RunSQL(primary_key('id, "timestamp"'), primary_key("id")),
        migrations.RunSQL(
            unique('event_id, "timestamp"', NAME),
            [
                *unique("event_id", "activity_log_event_id_key"),
                f"ALTER TABLE activity_log DROP CONSTRAINT IF EXISTS {NAME}",
            ],
        ),
    ]

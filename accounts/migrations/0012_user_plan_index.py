"""Loading the user of a key reads its plan too, and stays an index-only scan.

The new index is built beside the old one and then takes its name. An interrupted build leaves an
INVALID index: drop idx_users_id_new, then migrate again.
"""

from django.db import migrations, models


def rebuild(columns: str) -> list[str]:
    return [
        f"CREATE INDEX CONCURRENTLY idx_users_id_new ON users (id) INCLUDE ({columns})",
        "DROP INDEX CONCURRENTLY IF EXISTS idx_users_id",
        "ALTER INDEX idx_users_id_new RENAME TO idx_users_id",
    ]


WITH_PLAN = rebuild("is_active, is_staff, plan_id")
WITHOUT_PLAN = rebuild("is_active, is_staff")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0011_user_plan"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(model_name="user", name="idx_users_id"),
                migrations.AddIndex(
                    model_name="user",
                    index=models.Index(
                        fields=["id"],
                        include=("is_active", "is_staff", "plan"),
                        name="idx_users_id",
                    ),
                ),
            ],
            # One by one: a statement that builds concurrently must be alone.
            database_operations=[
                migrations.RunSQL(forwards, backwards)
                for forwards, backwards in zip(WITH_PLAN, reversed(WITHOUT_PLAN), strict=True)
            ],
        ),
    ]

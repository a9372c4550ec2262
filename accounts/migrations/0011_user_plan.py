"""Every user has a plan; the database knows the default, so the version before can still insert.

The constraint is checked after it is there, under a lock that lets users be changed meanwhile.
"""

import django.db.models.deletion
from django.db import migrations, models

FREE = 1


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0010_plans"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="user",
                    name="plan",
                    field=models.ForeignKey(
                        db_default=FREE,
                        db_index=False,
                        default=FREE,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="users",
                        to="accounts.plan",
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    f"ALTER TABLE users ADD COLUMN IF NOT EXISTS plan_id bigint DEFAULT {FREE} NOT NULL",
                    "ALTER TABLE users DROP COLUMN plan_id",
                ),
                migrations.RunSQL(
                    "ALTER TABLE users DROP CONSTRAINT IF EXISTS users_plan_id_fk, "
                    "ADD CONSTRAINT users_plan_id_fk FOREIGN KEY (plan_id) REFERENCES plans (id) "
                    "DEFERRABLE INITIALLY DEFERRED NOT VALID",
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(
                    "ALTER TABLE users VALIDATE CONSTRAINT users_plan_id_fk",
                    migrations.RunSQL.noop,
                ),
            ],
        ),
    ]

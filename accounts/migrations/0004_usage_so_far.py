"""Add up the activity that there is already, and prune the log once a day."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "prune activity"

ADD_UP = """
INSERT INTO activity_daily (user_id, day, model, provider, requests, tokens, spend, logged)
SELECT user_id, ("timestamp" AT TIME ZONE 'UTC')::date, model, provider,
       count(*), sum(tokens), sum(cost), count(*)
FROM activity_log
GROUP BY 1, 2, 3, 4;

INSERT INTO api_key_usage_daily (api_key_id, day, requests, tokens, spend)
SELECT api_key_id, ("timestamp" AT TIME ZONE 'UTC')::date, count(*), sum(tokens), sum(cost)
FROM activity_log JOIN api_keys_new ON api_keys_new.id = activity_log.api_key_id
GROUP BY 1, 2;
"""


def add_schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("django_q", "Schedule").objects.update_or_create(
        name=NAME,
        defaults={
            "func": "accounts.activity.retention.prune_expired",
            "schedule_type": "D",
            "repeats": -1,
        },
    )


def remove_schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_activity_usage"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [
        migrations.RunSQL(ADD_UP, migrations.RunSQL.noop),
        migrations.RunPython(add_schedule, remove_schedule),
    ]

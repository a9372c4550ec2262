"""How many sessions and messages each day has, counted by the worker every ten minutes."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "count chats by day"


def add_schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("django_q", "Schedule").objects.update_or_create(
        name=NAME,
        defaults={
            "func": "chat.daily_counts.count_days",
            "schedule_type": "I",
            "minutes": 10,
            "repeats": -1,
        },
    )


def remove_schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0010_retention_schedule"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChatDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("sessions", models.BigIntegerField()),
                ("messages", models.BigIntegerField()),
            ],
            options={"db_table": "chat_daily"},
        ),
        migrations.RunPython(add_schedule, remove_schedule),
    ]

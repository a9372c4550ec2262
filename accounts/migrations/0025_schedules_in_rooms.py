"""Two functions that run on a schedule have moved to other modules."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MOVED = {
    "accounts.activity.drain.sweep": "accounts.worker.drain.sweep",
    "chat.retention.purge_expired": "chat.sessions.retention.purge_expired",
}


def rename(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects
    for old, new in MOVED.items():
        schedules.filter(func=old).update(func=new)


def rename_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects
    for old, new in MOVED.items():
        schedules.filter(func=new).update(func=old)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0024_audit_log_created_index"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [migrations.RunPython(rename, rename_back)]

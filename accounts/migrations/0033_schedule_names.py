"""Two functions that run on a schedule have new names."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Old and new name of the schedule, old and new path of its function.
RENAMED = [
    (
        "tell of expiring keys",
        "notify of expiring keys",
        "accounts.notifications.expiring_keys.tell_of_expiring_keys",
        "accounts.notifications.expiring_keys.notify_of_expiring_keys",
    ),
    (
        "purge idempotency keys",
        "purge idempotency keys",
        "chat.idempotency.purge_ended_keys",
        "chat.idempotency.purge_expired_keys",
    ),
]


def rename(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects
    for old_name, new_name, old_function, new_function in RENAMED:
        schedules.filter(name=old_name).update(name=new_name)
        schedules.filter(func=old_function).update(func=new_function)


def rename_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects
    for old_name, new_name, old_function, new_function in RENAMED:
        schedules.filter(name=new_name).update(name=old_name)
        schedules.filter(func=new_function).update(func=old_function)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0032_notifications_in_turn")]

    operations = [migrations.RunPython(rename, rename_back)]

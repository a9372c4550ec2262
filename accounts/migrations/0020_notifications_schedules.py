"""The worker looks after notifications, keys that end soon, and bonuses that are earned."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SCHEDULES = {
    "sweep notifications": {
        "func": "accounts.notifications.delivery.sweep",
        "schedule_type": "I",
        "minutes": 1,
    },
    "tell of expiring keys": {
        "func": "accounts.notifications.expiring_keys.tell_of_expiring_keys",
        "schedule_type": "H",
    },
    "complete referrals": {
        "func": "accounts.referrals.bonuses.complete_referrals",
        "schedule_type": "I",
        "minutes": 5,
    },
}


def add_schedules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, schedule in SCHEDULES.items():
        apps.get_model("django_q", "Schedule").objects.update_or_create(
            name=name, defaults={**schedule, "repeats": -1}
        )


def remove_schedules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("django_q", "Schedule").objects.filter(name__in=SCHEDULES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_referrals"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [migrations.RunPython(add_schedules, remove_schedules)]

"""The indexes of the courier, which steps from user to user.

An interrupted build leaves an INVALID index: drop idx_notifications_waiting or
idx_notifications_claimed, then migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0031_storage")]

    operations = [
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                fields=["channel", "user", "attempt_started_at", "due_at"],
                name="idx_notifications_waiting",
                condition=models.Q(status="pending"),
            ),
        ),
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                fields=["due_at"],
                name="idx_notifications_claimed",
                condition=models.Q(status="pending", attempt_started_at__isnull=False),
            ),
        ),
        RemoveIndexConcurrently(model_name="notification", name="idx_notifications_due"),
    ]

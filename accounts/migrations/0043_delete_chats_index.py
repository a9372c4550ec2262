"""What finding the users whose old chats are deleted reads.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0042_delete_chats_after_days")]

    operations = [
        ValidateConstraint("user", "users_delete_chats_bounded"),
        AddIndexConcurrently(
            "user",
            models.Index(
                fields=["id"],
                condition=models.Q(delete_chats_after_days__isnull=False),
                name="idx_users_delete_chats",
            ),
        ),
    ]

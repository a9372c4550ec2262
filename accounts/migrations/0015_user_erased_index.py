"""The index that finds users whose erasure is not finished.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0014_user_and_sign_in_fields")]

    operations = [
        AddIndexConcurrently(
            "user",
            models.Index(
                fields=["erased_from"],
                condition=models.Q(erased_from__isnull=False),
                name="idx_users_erased_from",
            ),
        ),
    ]

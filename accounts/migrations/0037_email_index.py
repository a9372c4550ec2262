"""A plain `email = 'x'` can use an index too; idx_users_email compares without case.

An interrupted build leaves an INVALID index: drop idx_users_email_exact, then migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0036_unique_indexes")]

    operations = [
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(fields=["email"], name="idx_users_email_exact"),
        ),
    ]

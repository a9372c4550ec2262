"""The keys that end soon.

An interrupted build leaves an INVALID index: drop idx_api_keys_new_expiring, then migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0017_notifications"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("expiration_date__isnull", False), ("is_active", True)),
                fields=["expiration_date"],
                name="idx_api_keys_new_expiring",
            ),
        ),
    ]

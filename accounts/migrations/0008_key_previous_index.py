"""The look-up by the secret before a rotation.

An interrupted build leaves an INVALID index: drop idx_api_keys_new_previous, then migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0007_key_limits_and_grace"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("previous_digest__isnull", False)),
                fields=["previous_digest"],
                name="idx_api_keys_new_previous",
            ),
        ),
    ]

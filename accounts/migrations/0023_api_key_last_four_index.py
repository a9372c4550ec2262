"""Find a key by its last four characters.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0022_api_key_name_index")]

    operations = [
        AddIndexConcurrently(
            "apikey", models.Index(fields=["last_four"], name="idx_api_keys_new_last_four")
        ),
    ]

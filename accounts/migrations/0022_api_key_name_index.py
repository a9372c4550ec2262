"""Find a key by its name.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0021_notifications_retention")]

    operations = [
        AddIndexConcurrently(
            "apikey", models.Index(Upper("key_name"), name="idx_api_keys_new_name")
        ),
    ]

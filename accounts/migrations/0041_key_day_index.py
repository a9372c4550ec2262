"""What comparing a day of all keys with the days before reads.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0040_activity_day_index")]

    operations = [
        AddIndexConcurrently(
            "apikeyday",
            BrinIndex(fields=["day"], name="idx_api_key_usage_daily_day", autosummarize=True),
        ),
    ]

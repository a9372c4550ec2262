"""What adding up the last days of all users reads.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0039_network_first_seen_index")]

    operations = [
        AddIndexConcurrently(
            "activityday",
            BrinIndex(fields=["day"], name="idx_activity_daily_day", autosummarize=True),
        ),
    ]

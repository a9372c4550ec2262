"""What finding the keys that were used from new networks reads.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0038_network_first_seen")]

    operations = [
        AddIndexConcurrently(
            "apikeynetwork",
            BrinIndex(
                fields=["first_seen_on"], name="idx_api_key_networks_first", autosummarize=True
            ),
        ),
    ]

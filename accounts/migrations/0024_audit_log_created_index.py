"""What counting the refusals of the last hours reads.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0023_api_key_last_four_index")]

    operations = [
        AddIndexConcurrently(
            "auditentry",
            BrinIndex(fields=["created_at"], name="idx_audit_log_created", autosummarize=True),
        ),
    ]

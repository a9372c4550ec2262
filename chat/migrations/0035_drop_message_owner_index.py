"""Drop the index that the one with the session of each message replaces."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0034_message_totals_index")]

    operations = [RemoveIndexConcurrently("chatmessage", "idx_chat_messages_owner")]

"""Texts beside fields in the admin and in OpenAPI. Sends no SQL."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import chat.given_json


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0032_owner_in_functions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="chatimport",
            name="attempts",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="How often a worker has started on it since the last progress.",
            ),
        ),
        migrations.AlterField(
            model_name="chatimport",
            name="position",
            field=models.JSONField(
                default=list,
                help_text="Where in the file the import continues; see `chat.transfer.jobs`.",
            ),
        ),
        migrations.AlterField(
            model_name="chatimport",
            name="reason",
            field=models.TextField(blank=True, help_text="Why the import failed."),
        ),
        migrations.AlterField(
            model_name="chatmessage",
            name="client_id",
            field=models.CharField(
                help_text="The id that the client gave to the message.", max_length=255, null=True
            ),
        ),
        migrations.AlterField(
            model_name="chatmessage",
            name="content_parts",
            field=models.JSONField(
                blank=True,
                help_text="The parts of a multimodal message, unchanged; `content` has their text.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="chatmessage",
            name="extra",
            field=chat.given_json.GivenJsonField(
                blank=True,
                help_text="Fields without a column, unchanged, and `content` if it is not a string.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="chatmessage",
            name="parent",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="The message before this one.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="chat.chatmessage",
            ),
        ),
        migrations.AlterField(
            model_name="chatmessage",
            name="position",
            field=models.BigIntegerField(
                editable=False, help_text="The place of the message in the session.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="chatsession",
            name="end_user_id",
            field=models.CharField(
                help_text="Whose session it is, if people share an account.",
                max_length=255,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="chatsession",
            name="external_id",
            field=models.CharField(
                help_text="The id that the client gave to the session.", max_length=255, null=True
            ),
        ),
        migrations.AlterField(
            model_name="chatsession",
            name="extra",
            field=chat.given_json.GivenJsonField(
                blank=True, help_text="Other fields that the client gave, unchanged.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="chatsession",
            name="is_purged",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="Whether its content is being deleted for good.",
            ),
        ),
        migrations.AlterField(
            model_name="chatsession",
            name="updated_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="When a message was last added or changed.",
            ),
        ),
        migrations.AlterField(
            model_name="searchdocument",
            name="characters",
            field=models.IntegerField(help_text="The length of `body`, unpacked."),
        ),
        migrations.AlterField(
            model_name="searchdocument",
            name="number",
            field=models.BigIntegerField(
                help_text="Higher for documents that the user wrote in later."
            ),
        ),
        migrations.AlterField(
            model_name="searchdocument",
            name="version",
            field=models.SmallIntegerField(help_text="Of the rules that prepared its text."),
        ),
    ]

"""Users may have a retention of their own; empty is the setting."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_key_scopes"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="chat_retention_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Days that deleted chats stay in the trash; 0 is for ever, empty the default.",
                null=True,
            ),
        ),
    ]

"""When a key was first used from a network; unknown for those stored before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0037_email_index")]

    operations = [
        migrations.AddField(
            "apikeynetwork",
            "first_seen_on",
            models.DateField(help_text="UTC; unknown for networks of earlier releases", null=True),
        ),
    ]

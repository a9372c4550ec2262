"""Keys have allow-lists, a number of requests, and a grace for the secret before a rotation.

The database knows the defaults, so the version before can still insert.
"""

import django.core.validators
from django.db import migrations, models

import accounts.principals.allowlists


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_chat_retention"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="ip_allowlist",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text='From where the key works, as ["203.0.113.0/24"]; [] is everywhere.',
                validators=[accounts.principals.allowlists.validate_ip_allowlist],
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="domain_referrers",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text='For which sites the key works, as ["example.com", "*.example.com"]; '
                "[] is any, and none.",
                validators=[accounts.principals.allowlists.validate_domain_referrers],
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="max_requests",
            field=models.BigIntegerField(
                blank=True,
                help_text="How many requests the key is good for; empty is any number.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="previous_digest",
            field=models.CharField(blank=True, editable=False, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="previous_expires_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]

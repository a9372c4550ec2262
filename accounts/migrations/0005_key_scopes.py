"""Keys have scopes. The database knows the default, so the version before can still insert."""

from django.db import migrations, models

import accounts.principals.scopes


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_usage_so_far"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="scope_permissions",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text='What the key may do, as {"chat": ["read", "write"]}; {} is everything.',
                validators=[accounts.principals.scopes.validate_scopes],
            ),
        ),
    ]

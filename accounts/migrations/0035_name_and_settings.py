"""What users and their clients store in the profile.

Safe on a large table: PostgreSQL keeps a constant default in the catalog and rewrites no row.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0034_help_texts")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="How to call the user.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="settings",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="preferences",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
            ),
        ),
    ]

"""Keys made at sign-in, and users who are being erased. Columns added without a rewrite."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_user_without_email")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="made_at_sign_in",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="erased_from",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the user asked to be erased, which a worker does.",
                null=True,
            ),
        ),
    ]

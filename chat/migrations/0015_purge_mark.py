"""Mark sessions whose purge has begun. The constant default is added without a rewrite."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0014_idempotent_activity")]

    operations = [
        migrations.AddField(
            model_name="chatsession",
            name="is_purged",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="What it held is being deleted for good.",
            ),
        ),
    ]

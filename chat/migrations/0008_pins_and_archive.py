"""Pin and archive sessions. Columns with a constant default are added without a rewrite."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0007_feedback_and_shares")]

    operations = [
        migrations.AddField(
            model_name="chatsession",
            name="is_pinned",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="chatsession",
            name="is_archived",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="chatsession",
            name="updated_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="For a deleted session, when it was deleted.",
            ),
        ),
    ]

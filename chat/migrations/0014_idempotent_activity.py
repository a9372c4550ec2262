"""Keep the activity of a request with its key. The constant default is added without a rewrite."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0013_created_messages_index")]

    operations = [
        migrations.AddField(
            model_name="idempotencykey",
            name="activity",
            field=models.TextField(db_default="", default=""),
        ),
    ]

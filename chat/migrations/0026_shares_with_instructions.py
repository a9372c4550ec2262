"""Links that show instructions to the model. The constant default is added without a rewrite."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0025_message_functions")]

    operations = [
        migrations.AddField(
            model_name="share",
            name="include_system",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether it shows instructions to the model.",
            ),
        ),
    ]

"""Users may have no e-mail address: who signs in with a wallet has none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_user_plan_index")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(blank=True, max_length=254, null=True),
        ),
    ]

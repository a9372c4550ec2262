"""What users store, and how much their plans allow. Plans that are there get generous limits."""

import django.core.validators
import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GENEROUS_BYTES = {"free": 10 * 1000**3, "pro": 200 * 1000**3}


def limit_plans(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    plans = apps.get_model("accounts", "Plan").objects
    for plan_type, max_bytes in GENEROUS_BYTES.items():
        plans.filter(plan_type=plan_type).update(max_storage_bytes=max_bytes)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0030_numbers_within_bounds")]

    operations = [
        migrations.CreateModel(
            name="StorageUse",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="storage",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("bytes", models.BigIntegerField()),
            ],
            options={"db_table": "user_storage"},
        ),
        migrations.AddField(
            model_name="plan",
            name="max_storage_bytes",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty is no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(10**12)],
            ),
        ),
        migrations.RunPython(limit_plans, migrations.RunPython.noop),
    ]

"""Referrals, and the ledger of credits, which is only ever added to."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION credits_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the ledger is only ever added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER credits_refuse BEFORE UPDATE OR DELETE ON credits
FOR EACH STATEMENT EXECUTE FUNCTION credits_refuse();

CREATE TRIGGER credits_refuse_truncate BEFORE TRUNCATE ON credits
FOR EACH STATEMENT EXECUTE FUNCTION credits_refuse();
"""

# The triggers go with it.
NOT_APPEND_ONLY = "DROP FUNCTION credits_refuse() CASCADE"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_notifications_expiry_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReferralCode",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="referral_code",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("code", models.CharField(editable=False, max_length=16)),
                ("max_uses", models.PositiveIntegerField()),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ],
            options={
                "db_table": "referral_codes",
                "constraints": [
                    models.UniqueConstraint(fields=["code"], name="uniq_referral_codes_code"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="referrals_made",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "referred_user",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="referral",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "bonus",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="US dollars, for each of the two",
                        max_digits=12,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "referrals",
                "indexes": [
                    models.Index(fields=["referrer", "-id"], name="idx_referrals_referrer_id"),
                    models.Index(
                        fields=["id"],
                        name="idx_referrals_pending",
                        condition=models.Q(completed_at=None),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="credits",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, help_text="US dollars", max_digits=12),
                ),
                ("reason", models.CharField(max_length=64)),
                ("cause", models.CharField(help_text="Credited once", max_length=100)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "credits",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["user", "cause"],
                        include=["amount"],
                        name="uniq_credits_user_cause",
                    ),
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
    ]

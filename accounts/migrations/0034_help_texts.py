"""Help texts and error messages in plainer English; nothing changes in the database."""

import django.core.validators
import django.db.models.functions.text
from django.db import migrations, models

import accounts.principals.allowlists
import accounts.principals.scopes


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0033_schedule_names"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AlterField(
            model_name="activityday",
            name="logged",
            field=models.BigIntegerField(
                help_text="How many of the requests the activity log still holds"
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="domain_referrers",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text='Sites whose pages may use the key, as ["example.com", "*.example.com"]; [] means any, and none is required.',
                validators=[accounts.principals.allowlists.validate_domain_referrers],
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="ip_allowlist",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text='Addresses from which the key works, as ["203.0.113.0/24"]; [] means any.',
                validators=[accounts.principals.allowlists.validate_ip_allowlist],
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="max_requests",
            field=models.BigIntegerField(
                blank=True,
                help_text="Total number of requests that the key may make; empty means unlimited.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000000000000),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scope_permissions",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text='What the key may do, as {"chat": ["read", "write"]}; {} means everything.',
                validators=[accounts.principals.scopes.validate_scopes],
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="actor_key_id",
            field=models.BigIntegerField(help_text="The API key it was done with", null=True),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="actor_user_id",
            field=models.BigIntegerField(help_text="The user who did it", null=True),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="user_id",
            field=models.BigIntegerField(help_text="The user who owns it"),
        ),
        migrations.AlterField(
            model_name="auditpersonaldata",
            name="user_id",
            field=models.BigIntegerField(help_text="The user whose data it is"),
        ),
        migrations.AlterField(
            model_name="notification",
            name="cause",
            field=models.CharField(
                help_text="Notified about once, by each channel", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="details",
            field=models.JSONField(default=dict, help_text="Content of the message; no secrets"),
        ),
        migrations.AlterField(
            model_name="notificationpreferences",
            name="usage_alerts",
            field=models.BooleanField(
                default=True, help_text="Notify at 80 % and 100 % of a quota"
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="daily_request_limit",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="daily_token_limit",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="features",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='Features that users are entitled to, as ["search"].',
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="is_active",
            field=models.BooleanField(
                default=True, help_text="Offered to new users. Users who have the plan keep it."
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="max_concurrent_requests",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(100000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="max_storage_bytes",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="monthly_request_limit",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="monthly_token_limit",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="requests_per_hour",
            field=models.PositiveIntegerField(
                blank=True, help_text="Empty means no limit.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="requests_per_minute",
            field=models.PositiveIntegerField(
                blank=True, help_text="Empty means no limit.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="tokens_per_hour",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="tokens_per_minute",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="Empty means no limit.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000000)],
            ),
        ),
        migrations.AlterField(
            model_name="ratelimitconfig",
            name="concurrency_limit",
            field=models.PositiveIntegerField(
                default=50,
                help_text="Concurrent requests",
                validators=[django.core.validators.MaxValueValidator(100000)],
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="chat_retention_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Days that deleted chats stay in the trash; 0: for ever; empty: the default.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(36500)],
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="email_verified_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the e-mail address was verified to be the user's. Empty: anybody may have entered it, so nothing is sent to it, and another user may claim it.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="erased_from",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When erasing the user was requested; a worker does it.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="is_active",
            field=models.BooleanField(
                default=True, help_text="Deactivate the user to stop all of the user's keys."
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="legacy_key_digest",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Digest of the key that the old service stored in this table.",
                max_length=64,
                null=True,
            ),
        ),
        migrations.AlterConstraint(
            model_name="apikey",
            name="idx_api_keys_new_primary",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_primary", True)),
                fields=("user", "is_primary"),
                name="idx_api_keys_new_primary",
                violation_error_message="This user already has a primary key.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="apikey",
            name="uniq_api_keys_new_user_name",
            constraint=models.UniqueConstraint(
                fields=("user", "key_name"),
                name="uniq_api_keys_new_user_name",
                violation_error_message="This user already has a key with that name.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="user",
            name="idx_users_email",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Upper("email"),
                name="idx_users_email",
                violation_error_message="A user with this e-mail address already exists.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="user",
            name="idx_users_username",
            constraint=models.UniqueConstraint(
                fields=("username",),
                name="idx_users_username",
                violation_error_message="A user with this name already exists.",
            ),
        ),
    ]

"""The audit log: only ever added to, and chained by the database when a change commits.

A chain has one order, so its end has to be locked by whoever adds to it. A trigger that is
deferred to the commit holds that lock for the moment of the commit only, and takes it last, so
that no two changes can wait for each other.
"""

import django.utils.timezone
from django.db import migrations, models

# `hash` is SHA-256 over the link before and the entry as text; accounts/audit/verification.py
# reckons it again. It runs as its owner, so that the roles of the service need no right to write
# the chain; `search_path` is fixed below, or a role could put tables of its own in the way.
CHAIN = """
CREATE FUNCTION audit_chain_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    content text := jsonb_build_array(
        NEW.id, NEW.created_at AT TIME ZONE 'UTC', NEW.action, NEW.target, NEW.user_id,
        NEW.channel, NEW.actor_user_id, NEW.actor_key_id, NEW.request_id, NEW.before, NEW.after,
        NEW.commitments
    )::text;
    newest audit_head;
BEGIN
    INSERT INTO audit_head AS head (id, sequence, hash)
    VALUES (1, 1, encode(sha256(convert_to(content, 'UTF8')), 'hex'))
    ON CONFLICT (id) DO UPDATE SET
        sequence = head.sequence + 1,
        hash = encode(sha256(convert_to(head.hash || content, 'UTF8')), 'hex')
    RETURNING * INTO newest;
    INSERT INTO audit_chain (sequence, entry_id, hash)
    VALUES (newest.sequence, NEW.id, newest.hash);
    RETURN NULL;
END $$;

DO $$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION audit_chain_entry() SET search_path = pg_catalog, %I, pg_temp',
        current_schema()
    );
END $$;

CREATE CONSTRAINT TRIGGER audit_chain_entry AFTER INSERT ON audit_log
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_chain_entry();
"""

NO_CHAIN = """
DROP TRIGGER audit_chain_entry ON audit_log;
DROP FUNCTION audit_chain_entry();
"""

# Chain and head are written by the trigger above only: by hand is at depth 0.
REFUSALS = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit log is only ever added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse BEFORE UPDATE ON audit_personal_data
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse BEFORE INSERT OR UPDATE OR DELETE ON audit_chain
FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse BEFORE INSERT OR UPDATE OR DELETE ON audit_head
FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_personal_data
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_chain
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_head
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

# The triggers go with their tables.
NO_REFUSALS = "DROP FUNCTION audit_refuse() CASCADE"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_key_previous_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "audit_head",
            },
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "audit_chain",
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("action", models.CharField(max_length=64)),
                (
                    "target",
                    models.CharField(
                        help_text="What was changed, such as api_key:7", max_length=64
                    ),
                ),
                ("user_id", models.BigIntegerField(help_text="Whose it is")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("api", "API key"),
                            ("admin", "Admin"),
                            ("public", "Without a key"),
                            ("command", "Command or worker"),
                        ],
                        max_length=8,
                    ),
                ),
                ("actor_user_id", models.BigIntegerField(help_text="Who did it", null=True)),
                (
                    "actor_key_id",
                    models.BigIntegerField(help_text="With which API key", null=True),
                ),
                ("request_id", models.CharField(blank=True, max_length=128)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("commitments", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit log",
                "db_table": "audit_log",
                "indexes": [
                    models.Index(fields=["user_id", "-created_at"], name="idx_audit_log_user_id"),
                    models.Index(
                        fields=["user_id", "target", "-created_at"], name="idx_audit_log_target"
                    ),
                    models.Index(fields=["action", "-id"], name="idx_audit_log_action"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditPersonalData",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("entry_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField(help_text="Whose data it is")),
                ("salt", models.CharField(max_length=32)),
                ("content", models.TextField()),
            ],
            options={
                "db_table": "audit_personal_data",
                "indexes": [models.Index(fields=["user_id"], name="idx_audit_personal_data_user")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entry_id", "user_id"), name="uniq_audit_personal_data_entry"
                    )
                ],
            },
        ),
        migrations.RunSQL(CHAIN, NO_CHAIN),
        migrations.RunSQL(REFUSALS, NO_REFUSALS),
    ]

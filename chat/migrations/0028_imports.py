"""Imports of long files, and the files in pieces, which count as storage while they are there."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# The pieces are compressed already or are read once: PostgreSQL need not compress them.
TRIGGERS = """
ALTER TABLE chat_import_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE FUNCTION chat_import_chunks_added() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO user_storage AS storage (user_id, bytes)
    SELECT import.user_id, sum(octet_length(chunk.bytes))
    FROM added AS chunk JOIN chat_imports AS import ON import.id = chunk.chat_import_id
    GROUP BY import.user_id
    ON CONFLICT (user_id) DO UPDATE SET bytes = storage.bytes + EXCLUDED.bytes;
    RETURN NULL;
END $$;

CREATE FUNCTION chat_import_chunks_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE user_storage AS storage SET bytes = GREATEST(0, storage.bytes - gone.bytes)
    FROM (
        SELECT import.user_id, sum(octet_length(chunk.bytes)) AS bytes
        FROM deleted AS chunk JOIN chat_imports AS import ON import.id = chunk.chat_import_id
        GROUP BY import.user_id
    ) AS gone
    WHERE storage.user_id = gone.user_id;
    RETURN NULL;
END $$;

CREATE TRIGGER chat_import_chunks_added AFTER INSERT ON chat_import_chunks
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chat_import_chunks_added();

CREATE TRIGGER chat_import_chunks_deleted AFTER DELETE ON chat_import_chunks
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION chat_import_chunks_deleted();
"""

NO_TRIGGERS = """
DROP TRIGGER chat_import_chunks_added ON chat_import_chunks;
DROP TRIGGER chat_import_chunks_deleted ON chat_import_chunks;
DROP FUNCTION chat_import_chunks_added();
DROP FUNCTION chat_import_chunks_deleted();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0027_indexes_of_marks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChatImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("receiving", "Receiving"),
                            ("running", "Running"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="receiving",
                        max_length=16,
                    ),
                ),
                ("file_name", models.CharField(blank=True, max_length=255)),
                ("are_lines", models.BooleanField(default=False)),
                ("size_bytes", models.BigIntegerField(default=0)),
                (
                    "digest",
                    models.CharField(blank=True, help_text="SHA-256 of the file.", max_length=64),
                ),
                (
                    "position",
                    models.JSONField(
                        default=list, help_text="Where in the file the import goes on: see jobs."
                    ),
                ),
                ("read_bytes", models.BigIntegerField(default=0)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How often a worker has begun since the last progress.",
                    ),
                ),
                ("report", models.JSONField(default=dict)),
                ("reason", models.TextField(blank=True, help_text="Why it failed.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "db_table": "chat_imports",
                "indexes": [
                    models.Index(fields=["user", "-id"], name="idx_chat_imports_user"),
                    models.Index(
                        fields=["updated_at"],
                        name="idx_chat_imports_unfinished",
                        condition=models.Q(("state__in", ["receiving", "running"])),
                    ),
                    models.Index(fields=["finished_at"], name="idx_chat_imports_finished"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChatImportChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("bytes", models.BinaryField()),
                (
                    "chat_import",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="chat.chatimport",
                    ),
                ),
            ],
            options={
                "db_table": "chat_import_chunks",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["chat_import", "number"], name="idx_chat_import_chunks"
                    ),
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]

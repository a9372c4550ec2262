"""What clients know of their messages and sessions beside text. Nothing is rewritten or scanned.

All columns are empty or have a constant default, so that adding them takes a moment. Django
describes them first, which takes seconds, and only then are the tables locked. What the code
before inserts gets its place, its owner and its parent from a trigger.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import chat.given_json

PLACE = """
CREATE FUNCTION chat_message_placed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.position := NEW.id;
    IF NEW.user_id IS NULL THEN
        NEW.user_id := (SELECT user_id FROM chat_sessions WHERE id = NEW.session_id);
    END IF;
    IF NEW.parent_id IS NULL AND NEW.is_current THEN
        NEW.parent_id := (
            SELECT id FROM chat_messages
            WHERE session_id = NEW.session_id AND is_current AND position IS NOT NULL
            ORDER BY position DESC LIMIT 1
        );
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER chat_message_placed BEFORE INSERT ON chat_messages
FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION chat_message_placed();
"""

NO_PLACE = """
DROP TRIGGER chat_message_placed ON chat_messages;
DROP FUNCTION chat_message_placed();
"""

# In the order in which requests lock them, so that neither waits for the other.
LOCK = "LOCK TABLE chat_sessions, chat_messages IN ACCESS EXCLUSIVE MODE"

# The next migration validates the constraint, for which the table needs no lock.
COLUMNS = """
ALTER TABLE chat_messages
    ADD COLUMN user_id bigint,
    ADD COLUMN position bigint,
    ADD COLUMN parent_id bigint,
    ADD COLUMN is_current boolean DEFAULT true NOT NULL,
    ADD COLUMN client_id varchar(255),
    ADD COLUMN status varchar(16) DEFAULT 'completed' NOT NULL,
    ADD COLUMN revision integer DEFAULT 0 NOT NULL,
    ADD CONSTRAINT chat_messages_revision_check CHECK (revision >= 0) NOT VALID,
    ADD COLUMN edited boolean DEFAULT false NOT NULL,
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN extra json;
ALTER TABLE chat_sessions
    ADD COLUMN external_id varchar(255),
    ADD COLUMN end_user_id varchar(255),
    ADD COLUMN metadata jsonb,
    ADD COLUMN tags varchar(64)[] DEFAULT '{}'::varchar(64)[] NOT NULL,
    ADD COLUMN folder varchar(255),
    ADD COLUMN version bigint DEFAULT 0 NOT NULL,
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN extra json;
"""

NO_COLUMNS = """
ALTER TABLE chat_messages
    DROP COLUMN user_id,
    DROP COLUMN position,
    DROP COLUMN parent_id,
    DROP COLUMN is_current,
    DROP COLUMN client_id,
    DROP COLUMN status,
    DROP COLUMN revision,
    DROP COLUMN edited,
    DROP COLUMN updated_at,
    DROP COLUMN extra;
ALTER TABLE chat_sessions
    DROP COLUMN external_id,
    DROP COLUMN end_user_id,
    DROP COLUMN metadata,
    DROP COLUMN tags,
    DROP COLUMN folder,
    DROP COLUMN version,
    DROP COLUMN deleted_at,
    DROP COLUMN expires_at,
    DROP COLUMN extra;
"""

# What the code before knows of a message is in columns of its own.
BACK = """
UPDATE chat_messages
SET content_parts = CASE
        WHEN json_typeof(extra -> 'content') = 'array' THEN (extra -> 'content')::jsonb
        ELSE content_parts
    END,
    metadata = COALESCE((extra -> 'metadata')::jsonb, metadata)
WHERE extra IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0020_drop_old_search")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                *(
                    migrations.AddField("chatmessage", name, field)
                    for name, field in {
                        "user": models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                        "position": models.BigIntegerField(
                            editable=False,
                            help_text="Its place among the messages of the session.",
                            null=True,
                        ),
                        "parent": models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="The message that it follows.",
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="chat.chatmessage",
                        ),
                        "is_current": models.BooleanField(
                            db_default=True,
                            default=True,
                            help_text="Whether it is on the branch that is shown.",
                        ),
                        "client_id": models.CharField(
                            help_text="What its client calls it.", max_length=255, null=True
                        ),
                        "status": models.CharField(
                            choices=[
                                ("in_progress", "In Progress"),
                                ("completed", "Completed"),
                                ("incomplete", "Incomplete"),
                                ("failed", "Failed"),
                            ],
                            db_default="completed",
                            default="completed",
                            max_length=16,
                        ),
                        "revision": models.PositiveIntegerField(db_default=0, default=0),
                        "edited": models.BooleanField(db_default=False, default=False),
                        "updated_at": models.DateTimeField(null=True),
                        "extra": chat.given_json.GivenJsonField(
                            blank=True,
                            help_text="What has no column, by name, as given; `content` too unless it is a string.",
                            null=True,
                        ),
                    }.items()
                ),
                *(
                    migrations.AddField("chatsession", name, field)
                    for name, field in {
                        "external_id": models.CharField(
                            help_text="What its client calls it.", max_length=255, null=True
                        ),
                        "end_user_id": models.CharField(
                            help_text="Whose it is among the people of one account.",
                            max_length=255,
                            null=True,
                        ),
                        "metadata": models.JSONField(blank=True, null=True),
                        "tags": django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=64),
                            blank=True,
                            db_default=[],
                            default=list,
                            size=None,
                        ),
                        "folder": models.CharField(max_length=255, null=True),
                        "version": models.BigIntegerField(
                            db_default=0,
                            default=0,
                            editable=False,
                            help_text="Grows with each change.",
                        ),
                        "deleted_at": models.DateTimeField(editable=False, null=True),
                        "expires_at": models.DateTimeField(
                            help_text="When it goes to the trash by itself.", null=True
                        ),
                        "extra": chat.given_json.GivenJsonField(
                            blank=True,
                            help_text="What else its client gave, by name, as given.",
                            null=True,
                        ),
                    }.items()
                ),
                migrations.AlterField(
                    model_name="chatsession",
                    name="updated_at",
                    field=models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="When its last message was added or changed.",
                    ),
                ),
                migrations.AlterField(
                    model_name="chatmessage",
                    name="role",
                    field=models.CharField(
                        choices=[
                            ("user", "User"),
                            ("assistant", "Assistant"),
                            ("system", "System"),
                            ("developer", "Developer"),
                            ("tool", "Tool"),
                            ("function", "Function"),
                        ],
                        max_length=16,
                    ),
                ),
            ],
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.RunSQL(COLUMNS, NO_COLUMNS),
        migrations.RunSQL(PLACE, NO_PLACE),
        migrations.RunSQL(migrations.RunSQL.noop, BACK),
        migrations.RunSQL(migrations.RunSQL.noop, LOCK),
    ]

"""A bound in time that all events are before, which the next migration needs to be certain of.

Events are written until then, so the bound lies a week or two ahead; it is this week's Monday when
there are no events. Rows are read without blocking anyone. An event that claims to be later than
the bound waits in the table of all others.

Until the next migration has run, no event after the bound can be written: go on on the same day.
"""

from django.db import migrations

# Adding the constraint takes a lock, but reads no rows.
BOUND = """
DO $$
DECLARE
    bound date := date_trunc('week', now() AT TIME ZONE 'UTC')::date;
BEGIN
    IF EXISTS (SELECT FROM activity_log) THEN
        bound := bound + 14;
        EXECUTE format(
            'WITH late AS (DELETE FROM activity_log WHERE "timestamp" >= %L RETURNING *)'
            ' INSERT INTO activity_log_default SELECT * FROM late',
            bound || ' 00:00:00+00'
        );
    END IF;
    EXECUTE format(
        'ALTER TABLE activity_log DROP CONSTRAINT IF EXISTS activity_log_bound,'
        ' ADD CONSTRAINT activity_log_bound CHECK ("timestamp" < %L) NOT VALID',
        bound || ' 00:00:00+00'
    );
END $$
"""

BACK = """
WITH moved AS (DELETE FROM activity_log_default RETURNING *)
INSERT INTO activity_log SELECT * FROM moved
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0044_activity_log_keys")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE TABLE IF NOT EXISTS activity_log_default"
                " (LIKE activity_log INCLUDING DEFAULTS)",
                BOUND,
                "ALTER TABLE activity_log VALIDATE CONSTRAINT activity_log_bound",
            ],
            [
                "ALTER TABLE activity_log DROP CONSTRAINT IF EXISTS activity_log_bound",
                "CREATE TABLE IF NOT EXISTS activity_log_default"
                " (LIKE activity_log INCLUDING DEFAULTS)",
                BACK,
                "DROP TABLE activity_log_default",
            ],
        ),
    ]

"""Pin the path on which trigger functions find what they use.

A restoration of rows alone, by pg_restore, has an empty path. The functions of chats that call
others failed under it; the rule is the same for all, so that a test can keep it.
"""

from django.db import migrations

PIN = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
            AND prorettype = 'trigger'::regtype
            AND proconfig IS NULL
            AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
            )
    LOOP
        EXECUTE format(
            'ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', name, current_schema()
        );
    END LOOP;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0028_addresses_of_operators"), ("chat", "0015_purge_mark")]

    # There is nothing to undo: the code before works with it as well.
    operations = [migrations.RunSQL(PIN, migrations.RunSQL.noop)]

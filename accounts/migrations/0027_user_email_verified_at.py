"""Whether an address is known to be its user's; a column added without a rewrite.

An address that changes is not verified, unless the same statement says so. The database sees to
that, so that no statement can forget it, nor a process of the version before, which does not know
the column.
"""

from django.db import migrations, models

TRIGGER = """
CREATE FUNCTION users_unverify_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.email_verified_at := NULL;
    RETURN NEW;
END
$$;

CREATE TRIGGER users_unverify_address BEFORE UPDATE OF email ON users FOR EACH ROW
WHEN (
    NEW.email IS NULL
    OR upper(NEW.email) IS DISTINCT FROM upper(OLD.email)
    AND NEW.email_verified_at IS NOT DISTINCT FROM OLD.email_verified_at
)
EXECUTE FUNCTION users_unverify_address();
"""

NO_TRIGGER = """
DROP TRIGGER users_unverify_address ON users;
DROP FUNCTION users_unverify_address();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0026_canonical_addresses")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_verified_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When it was shown that the e-mail address is the user's. Empty: anybody may have typed it in, so nothing is sent to it, and another user may take it.",
                null=True,
            ),
        ),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
    ]

"""Mark the addresses that operators typed in as verified, of the users who are there.

Those of staff, and of users whom a command or the admin made and who never changed their profile:
for these somebody answers. All others could be typed in by anybody and stay unverified, also those
that `manage.py adopt` took over: the old service took its users' word for them.

Rows are changed page by page, so that nobody waits for this, and it may be interrupted and run
again. There is no way back, and none is needed: the column goes with the migration before.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Q
from django.utils import timezone

PAGE_ROWS = 1_000


def mark_verified(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    using = schema_editor.connection.alias
    users = apps.get_model("accounts", "User").objects.using(using)
    unverified = users.filter(email__isnull=False, email_verified_at=None)
    unverified.filter(Q(is_staff=True) | Q(is_superuser=True)).update(
        email_verified_at=timezone.now()
    )
    entries = apps.get_model("accounts", "AuditEntry").objects.using(using)
    changed = entries.filter(action="profile_changed")
    made = entries.filter(action="user_created", channel__in=["admin", "command"]).order_by("pk")
    page = list(made.values_list("pk", "user_id")[:PAGE_ROWS])
    while page:
        ids = {user_id for _, user_id in page}
        ids -= set(changed.filter(user_id__in=ids).values_list("user_id", flat=True))
        unverified.filter(pk__in=ids).update(email_verified_at=F("created_at"))
        page = list(made.filter(pk__gt=page[-1][0]).values_list("pk", "user_id")[:PAGE_ROWS])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0027_user_email_verified_at")]

    operations = [migrations.RunPython(mark_verified, migrations.RunPython.noop)]

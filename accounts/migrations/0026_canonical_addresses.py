"""Give e-mail addresses, also those that are there, their canonical form.

Case is no matter, since the index compares without it: this is about other letters than those of
ASCII, punycode, and dots at the end. Where another user has the canonical address already, the
row loses its own, as with `manage.py adopt`: nothing that is looked up would find it.

Rows are read in pages and changed one by one, so that nobody waits for this, and it may be
interrupted and run again. There is no way back, and the version before needs none.
"""

import logging
import re

from django.apps.registry import Apps
from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import QuerySet

from accounts.models.users import AddressField
from accounts.principals.email_addresses import canonical

logger = logging.getLogger(__name__)

PAGE_ROWS = 10_000

# Anything but the letters in which nearly all addresses are written.
_ODD = re.compile(r"[^!-~]|\.$|xn--", re.IGNORECASE)


def make_canonical(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    with_address = users.exclude(email=None).order_by("pk").values_list("pk", "email")
    page = list(with_address[:PAGE_ROWS])
    while page:
        for user_id, email in page:
            if _ODD.search(email) and canonical(email).upper() != email.upper():
                _change(users, user_id, canonical(email))
        page = list(with_address.filter(pk__gt=page[-1][0])[:PAGE_ROWS])


def _change(users: QuerySet, user_id: int, address: str) -> None:
    with transaction.atomic(using=users.db):
        is_taken = users.filter(email__iexact=address).exclude(pk=user_id).exists()
        if is_taken:
            logger.warning("User %s loses an e-mail address that another user has", user_id)
        users.filter(pk=user_id).update(email=None if is_taken else address)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0025_schedules_in_rooms")]

    operations = [
        # No statement: the column stays what it is.
        migrations.AlterField(
            model_name="user",
            name="email",
            field=AddressField(blank=True, max_length=254, null=True),
        ),
        migrations.RunPython(make_canonical, migrations.RunPython.noop),
    ]

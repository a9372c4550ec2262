"""Reading the audit log stays fast, however long it is."""

import pytest
from django.db import connection

from accounts.models import AuditEntry, AuditPersonalData
from accounts.principals.principal import Principal
from tests.conftest import truncate

# Triggers are off, because chaining is not under test.
LOAD = """
SET session_replication_role = replica;
INSERT INTO audit_log (created_at, action, target, user_id, channel, request_id, commitments)
SELECT now() - n * interval '1 minute', 'action' || n % 200, 'api_key:' || n % 1000, n % 50,
       'api', '', '{}'
FROM generate_series(1, 60000) AS n;
INSERT INTO audit_personal_data (entry_id, user_id, salt, content)
SELECT id, user_id, '', '{}' FROM audit_log;
SET session_replication_role = origin;
ANALYZE audit_log, audit_personal_data;
"""

OWNER = Principal(
    user_id=7,
    key_id=7,
    key_is_active=True,
    user_is_active=True,
    is_staff=False,
    environment_tag="live",
    expires_at=None,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _many_rows(django_db_setup, django_db_blocker):
    tables = "audit_log, audit_personal_data"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        truncate(tables)
        cursor.execute(LOAD)
        cursor.execute("RESET statement_timeout")
        yield
        truncate(tables)


def owned(**filters):
    return AuditEntry.objects.owned_by(OWNER).matching(**filters)


def test_a_page_is_read_in_the_order_of_the_index():
    plan = owned().with_personal_data().newest_first()[:50].explain()

    assert "using idx_audit_log_user_id" in plan, plan
    assert "uniq_audit_personal_data_entry" in plan, plan
    assert "Incremental Sort" in plan or "Sort" not in plan, plan


def test_a_page_about_one_key_has_an_index_of_its_own():
    plan = owned(key_id=7).newest_first()[:50].explain()

    assert "idx_audit_log_target" in plan, plan


def test_operators_find_a_rare_action_by_its_index():
    plan = AuditEntry.objects.filter(action="action7").order_by("-id")[:50].explain()

    assert "idx_audit_log_action" in plan, plan


def test_a_person_is_found_by_an_index():
    plan = AuditPersonalData.objects.filter(user_id=7).explain()

    assert "idx_audit_personal_data_user" in plan, plan

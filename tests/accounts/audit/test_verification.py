"""`manage.py verify_audit` finds tampering, even by a superuser of the database."""

import threading

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts import audit
from accounts.audit import verification
from accounts.audit.verification import Anchor, BrokenAuditLogError, verify
from accounts.keys import create_key
from accounts.models import AuditEntry, AuditHead, AuditLink, AuditPersonalData, User
from tests.plans import plans_of
from tests.waiting import WAIT_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


def record(user, **after):
    with transaction.atomic():
        audit.record("tested", user_id=user.pk, after=after)


@pytest.fixture
def log(user):
    """The ids of five entries."""
    for n in range(5):
        record(user, number=n, name=f"Ada {n}")
    return list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


# The statements below are made of these.
# ruff: noqa: S608


def tamper(statement, *arguments):
    """Execute a statement as a superuser with triggers off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, arguments)
        assert cursor.rowcount


def test_an_untouched_log_verifies(log, capsys):
    call_command("verify_audit")

    head = AuditHead.objects.get()
    assert capsys.readouterr().out == f"5:{head.hash}\n"


def test_an_empty_log_verifies(db):
    assert verify() == Anchor(0, "")


def test_a_log_of_several_batches_verifies(user, log, monkeypatch):
    monkeypatch.setattr(verification, "FETCHED_ROWS", 2)

    assert verify().sequence == 5


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_a_log_verifies_in_any_time_zone(log, zone):
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE %s", [zone])
        try:
            verify()
        finally:
            cursor.execute("SET TIME ZONE 'UTC'")


@pytest.mark.parametrize(
    "change",
    [
        "action = 'other'",
        "target = 'user:2'",
        "user_id = 99",
        "created_at = created_at - interval '1 microsecond'",
        "channel = 'admin'",
        "actor_user_id = 1",
        "actor_key_id = 1",
        "request_id = 'r'",
        "before = '{}'",
        "after = '{}'",
        "commitments = '{}'",
    ],
)
def test_a_changed_entry_is_detected(log, change):
    tamper(f"UPDATE audit_log SET {change} WHERE id = %s", log[2])

    with pytest.raises(BrokenAuditLogError, match=f"entry {log[2]} has been changed"):
        verify()


def test_the_command_names_the_first_broken_entry_and_fails(log, capsys):
    tamper("UPDATE audit_log SET action = 'other' WHERE id = ANY(%s)", [log[1], log[3]])

    with pytest.raises(SystemExit) as exit_:
        call_command("verify_audit")

    assert exit_.value.code == 1
    assert f"entry {log[1]} has been changed" in capsys.readouterr().err


def test_a_deleted_entry_is_detected(log):
    tamper("DELETE FROM audit_log WHERE id = %s", log[2])

    with pytest.raises(BrokenAuditLogError, match=f"entry {log[2]} is missing, at link 3"):
        verify()


def test_an_entry_deleted_with_its_link_is_detected(log):
    tamper("DELETE FROM audit_log WHERE id = %s", log[2])
    tamper("DELETE FROM audit_chain WHERE entry_id = %s", log[2])

    with pytest.raises(BrokenAuditLogError, match="link 3 is missing"):
        verify()


def test_deleted_newest_entries_are_detected(log):
    tamper("DELETE FROM audit_log WHERE id = ANY(%s)", log[3:])
    tamper("DELETE FROM audit_chain WHERE entry_id = ANY(%s)", log[3:])

    with pytest.raises(BrokenAuditLogError, match="after link 3 are missing"):
        verify()


def test_a_head_that_was_set_back_is_told(log):
    kept = AuditLink.objects.get(sequence=3)
    tamper("UPDATE audit_head SET sequence = 3, hash = %s", kept.hash)

    with pytest.raises(BrokenAuditLogError, match="link 5 is beyond the head, 3"):
        verify()


def test_a_deleted_log_is_detected(log):
    tamper("DELETE FROM audit_log")
    tamper("DELETE FROM audit_chain")

    with pytest.raises(BrokenAuditLogError, match="after link 0 are missing"):
        verify()


def test_an_entry_outside_the_chain_is_detected(log):
    tamper(
        "INSERT INTO audit_log (id, created_at, action, target, user_id, channel, request_id,"
        " commitments) VALUES (999, now(), 'x', 'x', 1, 'api', '', '{}')"
    )

    with pytest.raises(BrokenAuditLogError, match="entry 999 is not in the chain"):
        verify()


def test_an_anchor_reveals_a_changed_head(log):
    anchor = verify()
    kept = AuditLink.objects.get(sequence=3)
    tamper("DELETE FROM audit_log WHERE id = ANY(%s)", log[3:])
    tamper("DELETE FROM audit_chain WHERE entry_id = ANY(%s)", log[3:])
    tamper("DELETE FROM audit_personal_data WHERE entry_id = ANY(%s)", log[3:])
    tamper("UPDATE audit_head SET sequence = 3, hash = %s", kept.hash)

    assert verify().sequence == 3
    with pytest.raises(BrokenAuditLogError, match="after link 3, up to the anchor, are gone"):
        verify(anchor)


def test_an_anchor_reveals_a_rebuilt_chain(user, log):
    anchor = verify()
    for table in ("audit_log", "audit_chain", "audit_head", "audit_personal_data"):
        tamper(f"DELETE FROM {table}")
    for n in range(5):
        record(user, number=n)

    verify()
    with pytest.raises(BrokenAuditLogError, match="link 5 is not that of the anchor"):
        verify(anchor)


def test_an_anchor_of_an_earlier_run_verifies(user, log, capsys):
    anchor = str(verify())
    record(user, number=6)

    call_command("verify_audit", f"--anchor={anchor}")

    assert capsys.readouterr().out.startswith("6:")


def test_what_came_before_an_anchor_is_verified_on_request_only(user, log):
    anchor = verify()
    record(user, number=6)
    tamper("UPDATE audit_log SET action = 'other' WHERE id = %s", log[1])

    assert verify(anchor).sequence == 6
    with pytest.raises(BrokenAuditLogError, match=f"entry {log[1]} has been changed"):
        verify(anchor, whole=True)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE audit_log SET action = 'other' WHERE id = %s", "has been changed"),
        ("UPDATE audit_personal_data SET content = '{}' WHERE entry_id = %s", "has been changed"),
        ("DELETE FROM audit_personal_data WHERE entry_id = %s", "is missing"),
        ("DELETE FROM audit_log WHERE id = %s", "is missing"),
    ],
)
def test_what_came_after_an_anchor_is_verified(user, log, statement, message):
    anchor = verify()
    record(user, number=6, name="Ada")
    newest = AuditEntry.objects.latest("id").pk
    tamper(statement, newest)

    with pytest.raises(BrokenAuditLogError, match=f"entry {newest} {message}"):
        verify(anchor)


def test_a_long_log_is_read_in_pieces(log, monkeypatch):
    monkeypatch.setattr(verification, "FETCHED_ROWS", 2)

    with plans_of() as plans:
        verify()

    pieces = [plan for plan in plans if "audit_" in str(plan)]
    assert len(pieces) > 3 * 5 // 2
    assert max(plan["Actual Rows"] for plan in pieces) == 2


def test_changed_personal_data_is_detected(log):
    tamper("UPDATE audit_personal_data SET content = '{}' WHERE entry_id = %s", log[1])

    with pytest.raises(
        BrokenAuditLogError, match=f"personal data of entry {log[1]} has been changed"
    ):
        verify()


def test_personal_data_deleted_without_an_erasure_is_detected(log):
    tamper("DELETE FROM audit_personal_data WHERE entry_id = %s", log[1])

    with pytest.raises(BrokenAuditLogError, match=f"personal data of entry {log[1]} is missing"):
        verify()


def test_a_log_still_verifies_after_an_erasure(user, log):
    stranger = User.objects.create_user("eve@example.com")
    record(stranger, name="Eve")

    forgotten = user.pk
    audit.erase_personal_data(forgotten)
    user.delete()

    assert not AuditPersonalData.objects.filter(user_id=forgotten).exists()
    assert AuditPersonalData.objects.filter(user_id=stranger.pk).exists()
    assert AuditEntry.objects.filter(user_id=forgotten).count() == 6
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(log::text, '') FROM audit_log AS log")
        assert "Ada" not in cursor.fetchone()[0]
    assert verify().sequence == 7


def test_concurrent_changes_make_one_chain(user):
    """Each transaction locks what the other needs next: only the order of commits matters."""
    users = [user, User.objects.create_user("eve@example.com")]
    meet = threading.Barrier(2, timeout=WAIT_SECONDS)
    failures = []

    def change(mine, other):
        try:
            with transaction.atomic():
                record(mine, number=1)
                meet.wait()
                record(other, number=2)
                create_key(mine, key_name="meanwhile")
                meet.wait()
        except BaseException as exc:
            failures.append(exc)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=(a, b)) for a, b in (users, users[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert verify().sequence == 6

"""Referral bonuses, each credited once in an append-only ledger."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.activity.events import Event, new_event_id, write_events
from accounts.models import Credit, Referral, User
from accounts.referrals.bonuses import QUALIFYING_REQUESTS, complete_referrals
from accounts.referrals.codes import apply_code, code_of
from tests.accounts.referrals.test_codes import at_once, principal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def grace(db):
    return User.objects.create_user("grace@example.com")


@pytest.fixture
def referral(user, grace):
    """`user` has applied the code of `grace`."""
    return apply_code(principal(user), code_of(principal(grace))[0].code)


def be_active(user, times):
    write_events(
        [
            Event(
                new_event_id(), user.pk, None, datetime.now(UTC),
                "", "", 0, 0.0, 0.0, "stop", "Chat", {},
            )
            for _ in range(times)
        ]
    )  # fmt: skip


def balance(user):
    return Credit.objects.owned_by(principal(user)).balance()


def test_both_are_credited_once_the_new_user_has_been_active(user, grace, referral):
    be_active(user, QUALIFYING_REQUESTS - 1)
    assert complete_referrals() == 0
    assert (balance(user), balance(grace)) == (0, 0)

    be_active(user, 1)
    assert [complete_referrals(), complete_referrals()] == [1, 0]

    assert (balance(user), balance(grace)) == (Decimal("10.00"), Decimal("10.00"))
    assert Referral.objects.get().completed_at is not None


def test_activity_of_others_earns_nothing(user, grace, referral):
    be_active(grace, QUALIFYING_REQUESTS)

    assert complete_referrals() == 0


def test_the_bonus_is_the_one_promised_at_sign_up(user, grace, referral, settings):
    settings.REFERRAL_BONUS_DOLLARS = Decimal("99.00")
    be_active(user, QUALIFYING_REQUESTS)

    complete_referrals()

    assert balance(grace) == Decimal("10.00")


def test_concurrent_workers_credit_each_referral_once(grace):
    code = code_of(principal(grace))[0].code
    users = [User.objects.create_user(f"u{n}@example.com") for n in range(10)]
    for user in users:
        apply_code(principal(user), code)
        be_active(user, QUALIFYING_REQUESTS)

    completed = at_once([complete_referrals] * 6)

    assert sum(completed) == 10
    assert Credit.objects.count() == 20
    assert balance(grace) == Decimal("100.00")


def test_completing_any_number_takes_two_statements(user, referral, django_assert_num_queries):
    be_active(user, QUALIFYING_REQUESTS)

    # Those that are pending, and completing what is earned of them.
    with django_assert_num_queries(2):
        complete_referrals()


def test_an_erased_user_is_not_credited(user, grace, referral):
    be_active(user, QUALIFYING_REQUESTS)
    grace_id = grace.pk
    grace.delete()

    assert complete_referrals() == 1
    assert set(Credit.objects.values_list("user_id", flat=True)) == {user.pk}
    assert grace_id not in set(Credit.objects.values_list("user_id", flat=True))


def test_the_ledger_outlives_its_user(user, referral):
    be_active(user, QUALIFYING_REQUESTS)
    complete_referrals()
    user.delete()

    assert Credit.objects.count() == 2


@pytest.mark.parametrize("statement", ["UPDATE credits SET amount = 1000", "DELETE FROM credits"])
def test_the_database_rejects_changes_of_the_ledger(user, statement):
    Credit.objects.create(user=user, amount=5, reason="test", cause="test")

    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
    assert balance(user) == 5


def test_the_same_cause_is_credited_once(user):
    Credit.objects.create(user=user, amount=5, reason="test", cause="test")

    with pytest.raises(DatabaseError), transaction.atomic():
        Credit.objects.create(user=user, amount=5, reason="test", cause="test")


def test_a_balance_is_the_sum_of_its_entries(user, grace):
    for n, amount in enumerate(["10.00", "-2.50", "0.01"]):
        Credit.objects.create(user=user, amount=Decimal(amount), reason="test", cause=str(n))

    assert (balance(user), balance(grace)) == (Decimal("7.51"), 0)

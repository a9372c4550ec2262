"""Notifications, preferences, referrals and credits in the admin, read-only for operators."""

import pytest
from django.urls import reverse

from accounts.models import (
    Credit,
    Notification,
    NotificationPreferences,
    Referral,
    ReferralCode,
    User,
)

MODELS = ["notification", "notificationpreferences", "referralcode", "referral", "credit"]


@pytest.fixture
def rows(user):
    """Ten rows of each kind, each of its own user."""
    made = {}
    for n in range(10):
        other = User.objects.create_user(f"u{n}@example.com")
        made = {
            "notification": Notification.objects.create(
                user=other, kind="test", cause="x", channel="email", details={"a": 1}
            ),
            "notificationpreferences": NotificationPreferences.objects.create(user=other),
            "referralcode": ReferralCode.objects.create(user=other, code=f"C{n}", max_uses=3),
            "referral": Referral.objects.create(referrer=user, referred_user=other, bonus=1),
            "credit": Credit.objects.create(user=other, amount=1, reason="test", cause="x"),
        }
    return made


@pytest.mark.parametrize("model", MODELS)
def test_lists_run_as_many_statements_for_many_rows_as_for_few(
    admin_client, rows, model, django_assert_max_num_queries
):
    # Session, operator, count of the matches, the rows.
    with django_assert_max_num_queries(4):
        response = admin_client.get(reverse(f"admin:accounts_{model}_changelist"))

    assert response.status_code == 200
    assert response.context["cl"].result_count == 10


@pytest.mark.parametrize("model", MODELS)
def test_a_row_can_be_viewed_and_found_by_address(admin_client, rows, model):
    page = reverse(f"admin:accounts_{model}_change", args=[rows[model].pk])
    found = reverse(f"admin:accounts_{model}_changelist")

    assert admin_client.get(page).status_code == 200
    response = admin_client.get(found, {"q": "U9@example.com"})
    assert response.context["cl"].result_count == 1


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_or_deleted(admin_client, rows, model):
    assert admin_client.get(reverse(f"admin:accounts_{model}_add")).status_code == 403
    page = reverse(f"admin:accounts_{model}_delete", args=[rows[model].pk])
    assert admin_client.post(page, {"post": "yes"}).status_code == 403


def test_the_maximum_uses_of_a_code_can_be_changed(admin_client, rows):
    code = rows["referralcode"]
    page = reverse("admin:accounts_referralcode_change", args=[code.pk])

    admin_client.post(page, {"max_uses": 50, "code": "MINE"})

    code.refresh_from_db()
    assert (code.max_uses, code.code) == (50, "C9")

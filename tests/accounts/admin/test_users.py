"""Users in the admin."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.access.key_lookup import get_user
from accounts.keys import create_key
from accounts.models import ActivityDay, Credit, User
from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups

pytestmark = pytest.mark.django_db(transaction=True)


def test_finds_a_user_by_its_address_in_any_case_or_a_part_of_it(admin_client, user):
    url = reverse("admin:accounts_user_changelist")

    def found(term):
        return list(admin_client.get(url, {"q": term}).context["cl"].result_list)

    assert found(user.email.upper()) == [user]
    assert found(user.email[:5]) == [user]
    assert found("nobody") == []


def test_an_edit_of_a_user_applies_immediately(admin_client, user):
    _, secret = create_key(user, key_name="mine")
    get_user(secret)

    response = admin_client.post(
        reverse("admin:accounts_user_change", args=[user.pk]),
        {"email": user.email, "username": user.username, "plan": user.plan_id},
    )

    assert response.status_code == 302
    assert get_user(secret).denial_code() == "inactive_user"


def test_a_user_is_deactivated_and_not_deleted(admin_client, user):
    url = reverse("admin:accounts_user_delete", args=[user.pk])

    assert admin_client.post(url, {"post": "yes"}).status_code == 403


def test_a_user_page_lists_its_keys_masked(admin_client, user):
    key, secret = create_key(user, key_name="mine")

    shown = admin_client.get(
        reverse("admin:accounts_user_change", args=[user.pk])
    ).content.decode()

    assert key.masked in shown
    assert secret not in shown


def test_a_user_made_in_the_admin_can_log_in(admin_client, client):
    admin_client.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "new@example.com",
            "username": "new",
            "usable_password": "true",
            "password1": "Correct-horse-1",
            "password2": "Correct-horse-1",
        },
    )

    assert client.login(username="NEW@example.com", password="Correct-horse-1")


def test_a_user_page_links_to_everything_that_belongs_to_the_user(
    admin_client, user, django_assert_max_num_queries
):
    url = reverse("admin:accounts_user_change", args=[user.pk])
    with django_assert_max_num_queries(10):
        page = admin_client.get(url).content.decode()

    links = re.findall(
        rf'href="(/admin/[^"]*(?:user={user.pk}|history/|rejected-requests/\?q=[^"]*))"', page
    )
    assert len(links) >= 8
    for link in links:
        assert admin_client.get(link).status_code == 200
    assert "Daily requests" in page


def test_the_header_shows_the_address_of_the_user(admin_client, user):
    page = admin_client.get(reverse("admin:accounts_user_change", args=[user.pk]))

    assert f"<bdi>{user.email}</bdi>" in page.content.decode()


def test_a_user_page_shows_what_was_used_and_who_may_erase_finds_how(client, user):
    make_staff_groups()
    today = timezone.now().date()
    used = {"requests": 3, "tokens": 1_200, "spend": Decimal("0.5"), "logged": 3}
    ActivityDay.objects.create(user=user, day=today, model="gpt-x", provider="x", **used)
    Credit.objects.create(user=user, amount=Decimal(5), reason="referral_made", cause="test")
    pages = {}
    for group in (SUPPORT, OPERATORS):
        staff = User.objects.create_user(f"{group}@example.com", is_staff=True)
        staff.groups.add(Group.objects.get(name=group))
        client.force_login(staff)
        page = client.get(reverse("admin:accounts_user_change", args=[user.pk]))
        pages[group] = page.content.decode()

    for page in pages.values():
        for shown in ("gpt-x", "1,200", "$0.5000", "Balance of credits: $5.00"):
            assert shown in page
    assert "Erase this user" in pages[OPERATORS]
    assert "Erase this user" not in pages[SUPPORT]


def test_the_list_of_a_users_rows_links_back(admin_client, user):
    page = admin_client.get(reverse("admin:accounts_credit_changelist"), {"user": user.pk})

    assert reverse("admin:accounts_user_change", args=[user.pk]) in page.content.decode()


def test_credits_name_their_user_also_after_erasure(admin_client, user):
    Credit.objects.create(user=user, amount=5, reason="referral_made", cause="referral:7")
    Credit.objects.create(user_id=10**9, amount=5, reason="referral_made", cause="referral:8")

    page = admin_client.get(reverse("admin:accounts_credit_changelist")).content.decode()

    assert user.email in page
    assert f"User {10**9}, erased" in page
    assert reverse("admin:accounts_referral_change", args=[7]) in page

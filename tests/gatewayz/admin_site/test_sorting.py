"""Sorting the admin's lists: by columns that an index serves, and by no others."""

import pytest
from django.contrib import admin
from django.db import connection
from django.urls import reverse

from accounts.models import Plan, ReferralCode, User
from gatewayz.admin_site.lists import BigTableAdmin
from tests.plans import indexes, plans_of, steps

pytestmark = pytest.mark.django_db

INDEXES = {
    (User, "email"): "idx_users_email_exact",
    (User, "username"): "idx_users_username",
    (ReferralCode, "code"): "uniq_referral_codes_code",
}


@pytest.fixture
def rows():
    """Enough rows that reading them all costs more than an index, in no order of a column."""
    numbers = [(n * 7919) % 3000 for n in range(3000)]
    users = User.objects.bulk_create(
        User(email=f"{n:04}@example.com", username=f"name-{n:04}") for n in numbers
    )
    ReferralCode.objects.bulk_create(
        ReferralCode(user=user, code=user.email, max_uses=1) for user in users
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users, referral_codes")


def listed(client, model, order):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return client.get(url, {"o": order})


def place_of(client, model, column):
    return listed(client, model, "").context["cl"].list_display.index(column)


def test_only_columns_with_an_index_can_be_sorted_by():
    sorted_by = {
        (model, column)
        for model, model_admin in admin.site._registry.items()
        if isinstance(model_admin, BigTableAdmin) and model is not Plan
        for column in model_admin.sortable_by
    }

    assert sorted_by == set(INDEXES)


@pytest.mark.parametrize(("model", "column"), INDEXES)
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_list_is_sorted_by_an_index(admin_client, rows, model, column, sign):
    place = place_of(admin_client, model, column)

    with plans_of("SELECT") as plans:
        page = listed(admin_client, model, f"{sign}{place}")

    shown = [getattr(row, column) for row in page.context["cl"].result_list]
    assert shown == sorted(shown, reverse=bool(sign))
    assert len(shown) == 50
    (plan,) = [plan for plan in plans if INDEXES[model, column] in indexes(plan)]
    assert "Sort" not in {step["Node Type"] for step in steps(plan)}
    assert f"o={'' if sign else '-'}{place}" in page.content.decode()


@pytest.mark.parametrize("order", ["created_at", "x", "99", "-", "1.2", "--1", "-1-2"])
def test_another_order_is_that_of_the_list(admin_client, user, admin_user, order):
    if order == "created_at":
        order = str(place_of(admin_client, User, order))

    found = list(listed(admin_client, User, order).context["cl"].result_list)

    assert found == list(User.objects.order_by("-pk"))


def test_plans_are_sorted_by_any_column(admin_client):
    page = listed(admin_client, Plan, f"-{place_of(admin_client, Plan, 'name')}")

    names = [plan.name for plan in page.context["cl"].result_list]
    assert names == sorted(names, reverse=True)

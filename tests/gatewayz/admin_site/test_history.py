"""The history of a row shows the audit entries about it."""

import pytest
from django.urls import reverse

from accounts.keys import create_key
from accounts.models import AuditEntry, Plan, RateLimitConfig, User
from gatewayz.templatetags.words import in_words

pytestmark = pytest.mark.django_db


def history(client, row):
    opts = row._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[row.pk])
    return client.get(url).content.decode()


def change(client, row, data):
    opts = row._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    form = client.get(url).context["adminform"].form
    given = {
        bound.html_name: bound.value()
        for bound in form
        if bound.value() is not None and bound.value() is not False
    }
    given |= {
        bound.html_initial_name: bound.value()
        for bound in form
        if bound.field.show_hidden_initial and bound.value() is not None
    }
    answer = client.post(url, {**given, **data})
    assert answer.status_code == 302, answer.context["adminform"].form.errors


@pytest.fixture
def rows(user):
    key, _ = create_key(user, key_name="mine")
    return {
        "user": (user, {"chat_retention_days": 7}, "user_changed"),
        "key": (key, {"max_requests": 7}, "key_updated"),
        "plan": (Plan.objects.earliest("pk"), {"requests_per_minute": 7}, "plan_changed"),
        "limits": (
            RateLimitConfig.objects.create(api_key=key),
            {"requests_per_minute": 7},
            "rate_limits_set",
        ),
    }


@pytest.mark.parametrize("kind", ["user", "key", "plan", "limits"])
def test_the_history_shows_a_change(admin_client, rows, kind):
    row, changes, action = rows[kind]

    change(admin_client, row, changes)

    (name,) = changes
    shown = history(admin_client, row)
    assert in_words(action) in shown
    assert name.replace("_", " ") in shown
    assert "→ 7" in shown


@pytest.mark.parametrize("kind", ["user", "key", "plan", "limits"])
def test_saving_without_a_change_is_not_audited(admin_client, rows, kind):
    row, _, _ = rows[kind]
    audited = AuditEntry.objects.count()

    change(admin_client, row, {})

    assert AuditEntry.objects.count() == audited


def test_the_history_of_a_user_includes_the_keys(admin_client, user):
    create_key(user, key_name="mine")

    assert "Key created" in history(admin_client, user)


def test_the_history_of_an_unchanged_row_says_so(admin_client, user):
    other = User.objects.create_user("other@example.com")

    assert "has nothing about this row" in history(admin_client, other)

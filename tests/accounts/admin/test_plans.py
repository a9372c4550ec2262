"""Plans, rate limits and the page of rejected requests in the admin."""

import pytest
from django.urls import reverse

from accounts.limits.store import record_rejection
from accounts.models import AuditEntry, Plan, RateLimitConfig, User
from accounts.models.rate_limits import WINDOW_FIELDS

REJECTIONS = "admin:accounts_plan_rejections"


@pytest.fixture
def operator(client, db):
    client.force_login(User.objects.create_superuser("root@example.com", "pass"))
    return client


def edited(operator, plan, **changes):
    url = reverse("admin:accounts_plan_change", args=[plan.pk])
    form = operator.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    values = {name: "" if value is None else value for name, value in values.items()}
    return operator.post(url, {**values, "is_active": "on", **changes})


def test_an_edited_plan_applies_immediately(operator, api, user, committed):
    plan = Plan.objects.create(name="Test")
    with committed():
        user.plan = plan
        user.save()
    assert api.get("/v1/chat/sessions").status_code == 200

    with committed():
        assert edited(operator, plan, requests_per_minute=1).status_code == 302

    statuses = [api.get("/v1/chat/sessions").status_code for _ in range(2)]
    assert statuses == [200, 429]
    entry = AuditEntry.objects.get(action="plan_changed")
    assert entry.after == {"requests_per_minute": 1}


def test_the_features_of_a_plan_are_edited_as_lines(operator):
    plan = Plan.objects.create(name="Test", features=[])
    url = reverse("admin:accounts_plan_change", args=[plan.pk])
    assert "[]" not in operator.get(url).context["adminform"].form["features"].as_widget()

    assert edited(operator, plan, features="search\r\nexport\r\n").status_code == 302

    plan.refresh_from_db()
    assert plan.features == ["search", "export"]


@pytest.mark.django_db(transaction=True)
def test_selected_limits_of_keys_are_removed_together(operator, key):
    config = RateLimitConfig.objects.create(api_key=key, requests_per_minute=5)

    chosen = {"action": "delete_selected", "_selected_action": [config.pk], "post": "yes"}
    answer = operator.post(reverse("admin:accounts_ratelimitconfig_changelist"), chosen)

    assert answer.status_code == 302
    assert not RateLimitConfig.objects.exists()
    assert (
        AuditEntry.objects.filter(action="rate_limits_removed", user_id=key.user_id).count() == 1
    )


def test_a_plan_cannot_be_deleted(operator):
    assert operator.post("/admin/accounts/plan/1/delete/").status_code == 403


def test_the_list_of_plans_links_to_the_rejections(operator):
    page = operator.get(reverse("admin:accounts_plan_changelist"))

    assert reverse(REJECTIONS) in page.content.decode()


def test_the_most_rejected_caller_comes_first(operator, user, key):
    record_rejection(user.pk, key.pk, "requests_per_minute")
    for _ in range(3):
        record_rejection(user.pk, key.pk, "plan_daily_requests")
    record_rejection(999_999, None, "plan_daily_requests")

    page = operator.get(reverse(REJECTIONS))

    rejections = page.context["rejections"]
    assert [(rejected["code"], rejected["times"]) for rejected in rejections[:1]] == [
        ("plan_daily_requests", 3)
    ]
    assert len(rejections) == 3
    text = page.content.decode()
    assert "ada@example.com" in text
    assert key.masked in text
    assert ">deleted<" in text
    assert "Plan daily requests" in text


def test_a_day_without_rejections_is_empty(operator):
    page = operator.get(reverse(REJECTIONS), {"day": "2000-01-01"})

    assert page.context["rejections"] == []
    assert page.context["day"] == page.context["days"][0]


def test_the_page_says_so_when_redis_is_down(operator, no_redis):
    assert "Redis does not answer" in operator.get(reverse(REJECTIONS)).content.decode()


def test_anonymous_visitors_are_redirected_to_the_login(client, db):
    assert client.get(reverse(REJECTIONS)).status_code == 302


def test_the_limits_of_a_key_are_set_and_removed(operator, key, user):
    numbers = {
        "requests_per_minute": 5,
        "requests_per_hour": 0,
        "requests_per_day": 0,
        "tokens_per_minute": 0,
        "tokens_per_hour": 0,
        "tokens_per_day": 0,
        "concurrency_limit": 0,
    }
    url = reverse("admin:accounts_ratelimitconfig_add")
    assert operator.post(url, {"api_key": key.pk, **numbers}).status_code == 302
    assert RateLimitConfig.objects.get().requests_per_minute == 5

    url = reverse("admin:accounts_ratelimitconfig_delete", args=[key.pk])
    assert operator.post(url, {"post": "yes"}).status_code == 302

    assert not RateLimitConfig.objects.exists()
    actions = AuditEntry.objects.filter(target=f"api_key:{key.pk}").values_list(
        "action", flat=True
    )
    assert {"rate_limits_set", "rate_limits_removed"} <= set(actions)


def test_a_user_is_moved_to_another_plan(operator, user):
    url = reverse("admin:accounts_user_change", args=[user.pk])
    form = operator.get(url).context["adminform"].form

    assert form["plan"].value() == 1


def test_a_limit_of_zero_says_that_it_is_left_to_the_plan(admin_client, key):
    zeros = dict.fromkeys((*WINDOW_FIELDS, "concurrency_limit"), 0)
    RateLimitConfig.objects.create(api_key=key, **zeros | {"requests_per_minute": 1234})

    listed = admin_client.get(reverse("admin:accounts_ratelimitconfig_changelist"))
    form = admin_client.get(reverse("admin:accounts_ratelimitconfig_change", args=[key.pk]))

    assert "1,234" in listed.content.decode()
    assert listed.content.decode().count("left to the plan") == 6
    assert "0 leaves this to the plan." in form.content.decode()

"""The audit log in the admin."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, Plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(user):
    for action, user_id in (("key_rotated", user.pk), ("key_rotated", 0), ("key_made", user.pk)):
        audit.record(action, user_id=user_id, target="api_key:1", after={"key_name": "Laptop"})
    return list(AuditEntry.objects.order_by("-pk"))


def test_entries_are_found_by_user_or_action(admin_client, user, entries):
    def found(term):
        url = reverse("admin:accounts_auditentry_changelist")
        return list(admin_client.get(url, {"q": term}).context["cl"].result_list)

    made, of_nobody, rotated = entries
    assert found(str(user.pk)) == [made, rotated]
    assert found("key_rotated") == [of_nobody, rotated]
    assert found("Key rotated") == [of_nobody, rotated]
    assert found("key") == []
    assert found("9" * 30) == []


def test_an_entry_is_read_with_the_personal_data_it_holds(
    admin_client, entries, django_assert_max_num_queries
):
    # Session, operator, the entry, what it holds about people; the content type, once a process.
    with django_assert_max_num_queries(5):
        shown = admin_client.get(
            reverse("admin:accounts_auditentry_change", args=[entries[0].pk])
        ).content.decode()

    assert "Laptop" in shown


def test_entries_are_filtered_by_the_day(admin_client, entries):
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    url = reverse("admin:accounts_auditentry_changelist")

    def found(**query):
        return list(admin_client.get(url, query).context["cl"].result_list)

    assert found(created_at_to=tomorrow) == entries
    assert found(created_at_from=tomorrow) == []


def test_the_list_names_plans_and_who_acted_and_links_to_what_changed(
    admin_client, admin_user, user, key, django_assert_max_num_queries
):
    free, pro = Plan.objects.order_by("pk")[:2]
    AuditEntry.objects.create(
        action="user_changed",
        user_id=user.pk,
        target=f"user:{user.pk}",
        channel="admin",
        actor_user_id=admin_user.pk,
        before={"plan": free.pk},
        after={"plan": pro.pk},
    )
    audit.record("key_rotated", user_id=user.pk, target=audit.key_target(key.pk))

    # Session, operator, number, entries, who acted, plans.
    with django_assert_max_num_queries(6):
        page = admin_client.get(reverse("admin:accounts_auditentry_changelist")).content.decode()
    history = admin_client.get(
        reverse("admin:accounts_user_history", args=[user.pk])
    ).content.decode()

    assert reverse("admin:accounts_user_change", args=[user.pk]) in page
    assert reverse("admin:accounts_apikey_change", args=[key.pk]) in page
    for shown in (page, history):
        assert f"plan: {free.name} → {pro.name}" in shown
        assert admin_user.email in shown


def test_the_list_says_what_was_done_on_the_page_of_keys(admin_client, user, key, settings):
    for key_id in (key.pk, None):
        AuditEntry.objects.create(
            action="key_rotated",
            user_id=user.pk,
            target=audit.key_target(key.pk),
            channel="api",
            actor_user_id=user.pk,
            actor_key_id=key_id,
        )
    url = reverse("admin:accounts_auditentry_changelist")

    page = admin_client.get(url).content.decode()
    assert "Page /keys" in page
    assert "or old key" not in page

    settings.ACCEPT_LEGACY_KEYS = True
    assert "Page /keys or old key" in admin_client.get(url).content.decode()

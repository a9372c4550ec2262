"""The search that every page of the admin has."""

import pytest
from django.urls import reverse

from accounts.keys import create_key
from accounts.models import User
from chat.models import ChatSession
from gatewayz.admin_site.site import FOUND_ROWS

pytestmark = pytest.mark.django_db


def found(client, term):
    response = client.get(reverse("admin:search"), {"s": term, "extended": "1"})
    assert response.status_code == 200
    return response.context["results"] if term.strip() else []


def test_finds_users_keys_sessions_and_pages(admin_client, user):
    key, _ = create_key(user, key_name="Laptop")
    session = ChatSession.objects.create(user=user, title="How fast is it?", model="m")

    for term, titles in {
        user.email.upper(): {user.email, str(key), session.title},
        "laptop": {str(key)},
        key.last_four: {str(key)},
        "FAST": {session.title},
        str(session.pk): {session.title},
        user.email[1:6]: {user.email, str(key)},
        "apto": {str(key)},
        key.masked: {str(key)},
        key.masked.replace("…", "..."): {str(key)},
        "audit": {"Audit log"},
        "  ": set(),
    }.items():
        assert {result.title for result in found(admin_client, term)} == titles


def test_reads_no_more_than_it_shows(admin_client, user, django_assert_num_queries):
    ChatSession.objects.bulk_create(
        ChatSession(user=user, title=f"Chat {n}", model="m") for n in range(30)
    )

    # Session, operator, whole values and parts of users and of keys, sessions.
    with django_assert_num_queries(7):
        results = found(admin_client, "chat ")

    titles = [result.title for result in results if result.title.startswith("Chat 2")]
    assert titles == [f"Chat {n}" for n in range(29, 29 - FOUND_ROWS, -1)]


def test_results_are_not_cached(admin_client, user):
    response = admin_client.get(reverse("admin:search"), {"s": user.email, "extended": "1"})

    assert "no-store" in response["Cache-Control"]


def test_anonymous_visitors_cannot_search(client, user):
    response = client.get(reverse("admin:search"), {"s": user.email})

    assert response.status_code == 302


def test_parts_of_words_are_found_only_among_the_newest_rows(admin_client, monkeypatch):
    monkeypatch.setattr("gatewayz.admin_site.lists.MAX_COUNTED_ROWS", 2)
    for n in range(4):
        User.objects.create_user(f"chen{n}@example.com")

    assert {result.title for result in found(admin_client, "hen")} == {
        "chen2@example.com",
        "chen3@example.com",
    }
    assert [result.title for result in found(admin_client, "chen0@example.com")] == [
        "chen0@example.com"
    ]


def test_a_bounded_count_says_so(admin_client, monkeypatch):
    monkeypatch.setattr("gatewayz.admin_site.lists.MAX_COUNTED_ROWS", 2)
    monkeypatch.setattr("gatewayz.admin_site.lists.BoundedPaginator.max_counted", 2)
    monkeypatch.setattr("accounts.admin.users.UserAdmin.list_per_page", 2)
    for n in range(3):
        User.objects.create_user(f"chen{n}@example.com")

    shown = admin_client.get(reverse("admin:accounts_user_changelist")).content.decode()

    assert "2+ rows" in shown
    assert "Show all" not in shown

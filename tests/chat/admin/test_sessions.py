"""Sessions in the admin."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.templatetags import admin_urls
from django.contrib.auth.models import Group
from django.urls import resolve, reverse
from django.utils.http import urlencode
from pytest_django.asserts import assertInHTML
from unfold.admin import checkbox

from accounts.models import AuditEntry, User
from chat.admin import sessions
from chat.models import ChatMessage, ChatSession
from chat.search.index import index_pending
from chat.search.slots import SearchesBusy, TooManySearches
from gatewayz.admin_site.groups import SUPPORT, make_staff_groups

pytestmark = pytest.mark.django_db

LIST = "admin:chat_chatsession_changelist"


@pytest.fixture
def session(user):
    session = ChatSession.objects.create(user=user, title="Hello", model="openai/gpt-4o")
    for n in range(3):
        ChatMessage.objects.create(session=session, role="user", content=f"<b>M{n}</b>")
    return session


def test_the_list_runs_as_many_statements_for_many_rows_as_for_few(
    admin_client, user, django_assert_max_num_queries
):
    ChatSession.objects.bulk_create(
        ChatSession(user=user, title=f"S{n}", model="m") for n in range(30)
    )

    # Session, operator, count of the matches, the rows with their users.
    with django_assert_max_num_queries(4):
        response = admin_client.get(reverse(LIST))

    assert b"S29" in response.content


def test_a_session_is_read_with_its_messages(admin_client, session):
    url = reverse("admin:chat_chatsession_change", args=[session.pk])

    shown = admin_client.get(url).content.decode()

    positions = [shown.index(f"&lt;b&gt;M{n}") for n in range(3)]
    assert positions == sorted(positions)
    assert admin_client.post(url, {"title": "x"}).status_code == 403


def found(client, term):
    return list(client.get(reverse(LIST), {"q": term}).context["cl"].result_list)


@pytest.mark.parametrize("by", ["id", "e-mail", "E-MAIL", "title"])
def test_is_found_by_id_by_the_users_address_or_by_words_of_its_title(
    admin_client, user, session, by
):
    term = {
        "id": session.pk,
        "e-mail": user.email,
        "E-MAIL": user.email.upper(),
        "title": "hell",
    }[by]

    assert found(admin_client, term) == [session]


def test_a_row_of_a_search_links_back_to_it_and_can_be_selected(admin_client, user, session):
    page = admin_client.get(reverse(LIST), {"q": user.email, "is_active__exact": 1})

    change = reverse("admin:chat_chatsession_change", args=[session.pk])
    filters = urlencode({"q": user.email, "is_active__exact": 1})
    link = f"{change}?{urlencode({'_changelist_filters': filters})}"
    assert page.content.decode().count(f'href="{link}"') == 2
    assertInHTML(checkbox.render("_selected_action", str(session.pk)), page.content.decode())
    assert admin_client.get(link).context["preserved_filters"] in link


def test_a_list_resolves_no_address_for_each_row(admin_client, user, monkeypatch):
    ChatSession.objects.bulk_create(
        ChatSession(user=user, title=f"S{n}", model="m") for n in range(30)
    )
    resolved = []
    monkeypatch.setattr(admin_urls, "resolve", lambda path: resolved.append(path) or resolve(path))

    page = admin_client.get(reverse(LIST), {"q": user.email})

    assert len(page.context["cl"].result_list) == 30
    assert len(resolved) < 5


@pytest.mark.parametrize("term", ["Goodbye", "99999999999999999999999", "'; --", "%", "eve@"])
def test_other_terms_find_nothing(admin_client, session, term):
    assert found(admin_client, term) == []


def test_a_link_cannot_make_the_page_sort_the_whole_table(admin_client, user):
    for title in "BCA":
        ChatSession.objects.create(user=user, title=title, model="m")

    rows = admin_client.get(reverse(LIST), {"o": "1"}).context["cl"].result_list

    assert [session.title for session in rows] == ["A", "C", "B"]


def test_a_deleted_session_shows_when_it_is_purged_and_is_restored(admin_client, user, session):
    user.chat_retention_days = 10
    user.save()
    deleted_at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ChatSession.objects.update(is_active=False, updated_at=deleted_at)
    assert "2026-01-11 12:00:00 UTC" in admin_client.get(reverse(LIST)).content.decode()

    data = {"action": "restore", "_selected_action": [session.pk]}
    answer = admin_client.post(reverse(LIST), data, follow=True)

    assert "Restored: 1" in answer.content.decode()
    session.refresh_from_db()
    assert session.is_active
    assert AuditEntry.objects.filter(action="session_restored", user_id=user.pk).exists()


def test_a_session_that_is_being_purged_is_not_restored(admin_client, session):
    ChatSession.objects.update(is_active=False, is_purged=True)

    data = {"action": "restore", "_selected_action": [session.pk]}
    assert "Restored: 0" in admin_client.post(reverse(LIST), data, follow=True).content.decode()

    session.refresh_from_db()
    assert not session.is_active


def test_a_session_whose_external_id_is_taken_is_not_restored(admin_client, user, session):
    ChatSession.objects.update(external_id="thread-1", is_active=False)
    ChatSession.objects.create(user=user, title="New", model="m", external_id="thread-1")

    data = {"action": "restore", "_selected_action": [session.pk]}
    assert "Restored: 0" in admin_client.post(reverse(LIST), data, follow=True).content.decode()

    assert not AuditEntry.objects.filter(action="session_restored").exists()


def search_of(client, user, words):
    response = client.get(reverse(LIST), {"user": user.pk, "q": words})
    return list(response.context["cl"].result_list)


def test_the_chats_of_one_user_are_searched_by_their_text(
    admin_client, admin_user, user, session, django_assert_max_num_queries
):
    other = ChatSession.objects.create(user=user, title="Other", model="m")
    ChatMessage.objects.create(session=other, role="user", content="A recipe for borscht")
    of_admin = ChatSession.objects.create(user=admin_user, title="Mine", model="m")
    ChatMessage.objects.create(session=of_admin, role="user", content="borscht again")
    index_pending()

    with django_assert_max_num_queries(14):
        found = search_of(admin_client, user, "borscht recipe")

    assert found == [other]
    assert search_of(admin_client, user, "pelmeni") == []
    searched, _ = AuditEntry.objects.filter(action="chats_searched").order_by("pk")
    assert (searched.user_id, searched.actor_user_id) == (user.pk, admin_user.pk)
    assert searched.after["found"] == 1


def test_support_staff_find_nothing_in_the_chats_of_staff(client, user):
    colleague = User.objects.create_user("colleague@example.com", is_staff=True)
    kept = ChatSession.objects.create(user=colleague, title="Salaries", model="m")
    ChatMessage.objects.create(session=kept, role="user", content="salaries of all")
    index_pending()
    make_staff_groups()
    support = User.objects.create_user("support@example.com", is_staff=True)
    support.groups.add(Group.objects.get(name=SUPPORT))
    client.force_login(support)

    assert search_of(client, colleague, "salaries") == []


@pytest.mark.parametrize("error", [TooManySearches, SearchesBusy])
def test_too_many_searches_are_a_page_that_says_so(admin_client, user, monkeypatch, error):
    def reject(*given, **options):
        raise error

    monkeypatch.setattr(sessions, "search_chats", reject)
    response = admin_client.get(reverse(LIST), {"user": user.pk, "q": "words"})

    assert response.status_code == error.status_code
    assert "at the moment" in response.content.decode() or "try again" in response.content.decode()


@pytest.mark.parametrize("odd", ["x", "-1", "9" * 30, ""])
def test_an_odd_user_is_no_fault(admin_client, session, odd):
    response = admin_client.get(reverse(LIST), {"user": odd, "q": "hello"})

    assert response.status_code in {200, 302, 400}

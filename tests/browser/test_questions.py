"""What operators are asked, answered in a browser from the start page in three clicks."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from accounts.models import Notification, User
from chat.demo import make_demo_data
from chat.models import ChatSession
from chat.search.index import index_pending
from tests.browser.conftest import new_context
from tests.browser.test_admin import DESK, log_in, operator  # noqa: F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.usefixtures("_no_connections_kept"),
]

EMAIL = "ada.lovelace@example.com"
MAX_CLICKS = 3


class Walk:
    """Clicks of one operator, counted from the start page."""

    def __init__(self, page):
        self.page = page
        self.clicks = 0
        self.seen = []
        page.on("framenavigated", lambda frame: self.seen.append(frame.url))

    def click(self, target):
        self.clicks += 1
        target.click()

    def open(self, title):
        """Open a page of the sidebar."""
        self.click(self.page.locator("#nav-sidebar-inner").get_by_role("link", name=title))

    def search(self, term):
        """Search the list that is open; nothing is clicked."""
        self.page.locator("input[name=q]").first.fill(term)
        self.page.locator("input[name=q]").first.press("Enter")

    def act(self, action):
        self.page.locator("select[name=action]").select_option(action)
        self.click(self.page.get_by_role("button", name="Run"))


@pytest.fixture
def walk(browser, live_server, operator, admin_client):  # noqa: F811
    """Walks that start at the start page, each asserted to be short and cheap."""
    make_demo_data(24)
    context = new_context(browser, base_url=live_server.url, viewport=DESK)
    page = context.new_page()
    page.goto("/admin/")
    log_in(page)

    @contextmanager
    def walk():
        page.goto("/admin/")
        walked = Walk(page)
        yield walked
        assert walked.clicks <= MAX_CLICKS
        for url in walked.seen:
            with CaptureQueriesContext(connection) as asked:
                admin_client.get(url.removeprefix(live_server.url))
            statements = [query["sql"] for query in asked]
            # A search in chats and its audit entry are in a transaction.
            assert len([sql for sql in statements if sql not in {"BEGIN", "COMMIT"}]) <= 10

    yield walk
    context.close()


def test_questions_are_answered_in_three_clicks(walk):
    with walk() as who_runs_into_limits:
        expect(who_runs_into_limits.page.get_by_text("Rate-limited keys")).to_be_visible()
        who_runs_into_limits.click(who_runs_into_limits.page.get_by_role("link", name="all"))
        expect(who_runs_into_limits.page.get_by_text("requests_per_minute").first).to_be_visible()

    with walk() as how_far_from_the_limits:
        how_far_from_the_limits.open("Users")
        how_far_from_the_limits.search(EMAIL)
        how_far_from_the_limits.click(
            how_far_from_the_limits.page.get_by_role("link", name=EMAIL).first
        )
        expect(how_far_from_the_limits.page.get_by_text("Daily requests")).to_be_visible()

    with walk() as why_was_it_rejected:
        page = why_was_it_rejected.page
        page.request.get("/v1/chat/sessions", headers={"X-Request-ID": "asked-about-1"})
        why_was_it_rejected.open("Rejected requests")
        why_was_it_rejected.search("asked-about-1")
        expect(page.get_by_text("401 not_authenticated")).to_be_visible()

    with walk() as what_did_this_user_do:
        page = what_did_this_user_do.page
        what_did_this_user_do.open("Users")
        what_did_this_user_do.search("ada.lovelace")
        what_did_this_user_do.click(page.get_by_role("link", name=EMAIL).first)
        what_did_this_user_do.click(
            page.get_by_role("navigation", name="What belongs").get_by_role(
                "link", name="Activity"
            )
        )
        expect(page.get_by_text("messages_appended").first).to_be_visible()

    with walk() as who_changed_the_plan:
        who_changed_the_plan.open("Audit log")
        who_changed_the_plan.search("user_changed")
        expect(who_changed_the_plan.page.get_by_text("plan: 1 →").first).to_be_visible()


def test_targets_and_leaks_and_use_are_seen_in_three_clicks(walk):
    with walk() as are_the_targets_met:
        page = are_the_targets_met.page
        are_the_targets_met.click(page.get_by_role("link", name="Last hour"))
        expect(page.get_by_role("heading", name="Creating a session, trend")).to_be_visible()

    with walk() as which_key_leaks:
        page = which_key_leaks.page
        which_key_leaks.open("Keys to check")
        signs = page.get_by_role("region", name="Keys used from a new network")
        which_key_leaks.click(signs.get_by_role("link").first)
        expect(page.get_by_text("Networks this key was used from")).to_be_visible()

    with walk() as who_uses_most:
        page = who_uses_most.page
        who_uses_most.open("Most used")
        who_uses_most.click(page.get_by_role("link", name="Last 30 days"))
        for name in ("Users", "Models", "Sessions"):
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        rows = page.get_by_role("region", name="Users with most tokens").get_by_role("row")
        expect(rows.nth(1)).to_contain_text("@example.com")

    with walk() as what_is_stuck:
        page = what_is_stuck.page
        expect(page.get_by_role("heading", name="Activity queue")).to_be_visible()
        what_is_stuck.open("Failed tasks")
        expect(page.get_by_role("heading", name="Failed tasks")).to_be_visible()


def test_a_conversation_is_found_by_its_text_and_a_user_exported_in_three_clicks(walk):
    index_pending()
    with walk() as find_by_text:
        page = find_by_text.page
        find_by_text.open("Users")
        find_by_text.search(EMAIL)
        find_by_text.click(page.get_by_role("link", name=EMAIL).first)
        page.get_by_label("Words in the chats of this user").fill("role:user")
        page.get_by_label("Words in the chats of this user").press("Enter")
        expect(page.locator("#result_list tbody tr").first).to_be_visible()

    with walk() as export:
        page = export.page
        export.open("Users")
        export.search(EMAIL)
        export.click(page.get_by_role("link", name=EMAIL).first)
        with page.expect_download() as download:
            export.click(page.get_by_role("button", name="Download everything"))
        assert download.value.suggested_filename.endswith(".zip")


def test_failed_deliveries_are_sent_again_in_three_clicks(walk):
    with walk() as retry:
        retry.open("Failed deliveries")
        retry.click(retry.page.locator("input.action-select").first)
        retry.act("retry")
        expect(retry.page.get_by_text("Will be sent again: 1")).to_be_visible()
    assert Notification.objects.filter(status="pending", cause__startswith="demo").count() == 1


def test_a_deletion_is_undone_in_three_clicks(walk):
    deleted = ChatSession.objects.filter(is_active=False).latest("pk")

    with walk() as undo:
        undo.open("Sessions")
        undo.search(str(deleted.pk))
        undo.click(undo.page.locator("input.action-select").first)
        undo.act("restore")
        expect(undo.page.get_by_text("Restored: 1")).to_be_visible()

    deleted.refresh_from_db()
    assert deleted.is_active
    assert User.objects.filter(pk=deleted.user_id).exists()

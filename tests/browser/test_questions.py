"""Answers the questions of operators in a browser, from the start page, on the big demo data.

`pytest -s` prints the clicks of each question, and the statements of the pages on its way.
"""

import sys

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from accounts.models import Notification, User
from chat.demo import make_demo_data
from chat.management.commands.seed_demo import BIG_USERS
from chat.models import ChatSession
from chat.search.index import index_pending
from gatewayz.admin_site.groups import OPERATORS, make_staff_groups
from tests.browser.conftest import new_context
from tests.browser.test_admin import DESK, PASSWORD, log_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("_no_connections_kept"),
    pytest.mark.timeout(900),  # four minutes on two cores that have other work
]

EMAIL = "ada.lovelace@example.com"
MAX_CLICKS = 3
MAX_STATEMENTS = 10


class Walk:
    """Clicks of one operator, counted from the start page, and the pages that were opened."""

    def __init__(self, page):
        self.page = page
        self.clicks = 0
        self.seen = []
        page.goto("/admin/")
        self.seen.append(page.url)
        page.on("framenavigated", self._see)

    def _see(self, frame):
        self.seen.append(frame.url)

    def end(self):
        self.page.remove_listener("framenavigated", self._see)

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

    def open_user(self):
        self.open("Users")
        self.search(EMAIL)
        self.click(self.page.get_by_role("link", name=EMAIL).first)

    def act(self, action):
        """Select the first row, and run an action on it."""
        self.click(self.page.locator("input.action-select").first)
        self.page.locator("select[name=action]").select_option(action)
        self.click(self.page.get_by_role("button", name="Run"))


def who_runs_into_limits_and_how_far_are_others(walk):
    expect(walk.page.get_by_text("Rate-limited keys")).to_be_visible()
    rejected = walk.page.get_by_role("region", name="Rate-limited keys")
    walk.click(rejected.get_by_role("row").nth(1).get_by_role("link").last)
    expect(walk.page.get_by_text("Daily requests")).to_be_visible()


def which_key_leaks(walk):
    walk.open("Keys to check")
    signs = walk.page.get_by_role("region", name="Keys used from a new network")
    walk.click(signs.get_by_role("link").first)
    expect(walk.page.get_by_text("Networks this key was used from")).to_be_visible()


def why_was_this_request_rejected(walk):
    walk.page.request.get("/v1/chat/sessions", headers={"X-Request-ID": "asked-about-1"})
    walk.open("Rejected requests")
    walk.search("asked-about-1")
    expect(walk.page.get_by_text("401 Not authenticated")).to_be_visible()


def what_did_this_user_do(walk):
    walk.open_user()
    belongings = walk.page.get_by_role("navigation", name="What belongs")
    walk.click(belongings.get_by_role("link", name="Activity"))
    expect(walk.page.get_by_text("Messages appended").first).to_be_visible()


def are_the_targets_met_now(walk):
    walk.click(walk.page.get_by_role("link", name="Last hour"))
    heading = walk.page.get_by_role("heading", name="Creating a session, trend")
    expect(heading).to_be_visible()


def which_deliveries_failed(walk):
    walk.open("Failed deliveries")
    walk.act("retry")
    expect(walk.page.get_by_text("Will be sent again: 1")).to_be_visible()
    assert Notification.objects.filter(status="pending", cause__startswith="demo").count() == 1


def where_did_this_user_write_these_words(walk):
    walk.open_user()
    words = walk.page.get_by_label("Words in the chats of this user")
    words.fill("role:user")
    words.press("Enter")
    expect(walk.page.locator("#result_list tbody tr").first).to_be_visible()


def what_do_we_have_about_this_user(walk):
    walk.open_user()
    with walk.page.expect_download() as download:
        walk.click(walk.page.get_by_role("button", name="Download everything"))
    assert download.value.suggested_filename.endswith(".zip")


def can_this_deletion_be_undone(walk):
    deleted = ChatSession.objects.filter(is_active=False).latest("pk")
    walk.open("Sessions")
    walk.search(str(deleted.pk))
    walk.act("restore")
    expect(walk.page.get_by_text("Restored: 1")).to_be_visible()
    deleted.refresh_from_db()
    assert deleted.is_active


def who_uses_most(walk):
    walk.open("Most used")
    walk.click(walk.page.get_by_role("link", name="Last 30 days"))
    for name in ("Users", "Models", "Sessions"):
        expect(walk.page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    rows = walk.page.get_by_role("region", name="Users with most tokens").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("@example.com")


def who_changed_this_plan(walk):
    walk.open("Audit log")
    walk.search("user_changed")
    expect(walk.page.get_by_text("plan: Free →").first).to_be_visible()


def what_is_stuck(walk):
    expect(walk.page.get_by_role("heading", name="Activity queue")).to_be_visible()
    walk.open("Failed tasks")
    expect(walk.page.get_by_role("heading", name="Failed tasks")).to_be_visible()


QUESTIONS = (
    who_runs_into_limits_and_how_far_are_others,
    which_key_leaks,
    why_was_this_request_rejected,
    what_did_this_user_do,
    are_the_targets_met_now,
    which_deliveries_failed,
    where_did_this_user_write_these_words,
    what_do_we_have_about_this_user,
    can_this_deletion_be_undone,
    who_uses_most,
    who_changed_this_plan,
    what_is_stuck,
)


def statements_of(client, url):
    """How many statements the page `url` runs, without those that begin and end transactions."""
    with CaptureQueriesContext(connection) as asked:
        response = client.get(url)
    assert response.status_code == 200, url
    return sum(query["sql"] not in {"BEGIN", "COMMIT"} for query in asked)


@pytest.fixture
def operator(transactional_db):
    """A member of the group of operators, who is not a superuser."""
    make_staff_groups()
    user = User.objects.create_user("ops@example.com", PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=OPERATORS))
    return user


@pytest.fixture
def page(browser, live_server, operator):
    """The start page, with an operator who has logged in."""
    make_demo_data(BIG_USERS)
    index_pending()
    context = new_context(browser, base_url=live_server.url, viewport=DESK)
    page = context.new_page()
    page.goto("/admin/")
    log_in(page)
    yield page
    context.close()


def test_each_question_takes_three_clicks_and_ten_statements_a_page(
    page, live_server, operator, client
):
    client.force_login(operator)
    figures = {}
    for question in QUESTIONS:
        walk = Walk(page)
        question(walk)
        walk.end()
        pages = [url.removeprefix(live_server.url) for url in walk.seen]
        statements = [statements_of(client, url) for url in pages]
        figures[question.__name__] = (walk.clicks, statements)

    sys.stdout.write("\nclicks  statements of each page  question\n")
    for name, (clicks, statements) in figures.items():
        sys.stdout.write(f"{clicks:6}  {', '.join(map(str, statements)):23}  {name}\n")
    assert max(clicks for clicks, _ in figures.values()) <= MAX_CLICKS
    assert max(most for _, statements in figures.values() for most in statements) <= MAX_STATEMENTS

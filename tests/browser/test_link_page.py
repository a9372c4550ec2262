"""The page behind the links in e-mails, in a browser: signing up from the message to the key."""

import pytest
from playwright.sync_api import Page, expect

from accounts.confirmation.links import AddressLink, PasswordLink, seal, state_of
from accounts.models import User
from tests.browser.conftest import faults_of, keep_screenshot, new_context

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("_no_connections_kept")]

PASSWORD = "correct horse battery staple"
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}


@pytest.fixture(params=["light", "dark"])
def page(request, browser, live_server):
    context = new_context(browser, color_scheme=request.param, base_url=live_server.url)
    page = context.new_page()
    page.scheme = request.param
    page.errors = []
    page.on("console", lambda message: page.errors.append(message.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    context.close()


def open_link(page: Page, link):
    page.goto(f"/auth/link?token={seal(link)}")


def test_a_user_chooses_a_password(page):
    open_link(page, PasswordLink("new@example.com", state_of(None)))
    for name, (wide, high) in WIDTHS.items():
        page.set_viewport_size({"width": wide, "height": high})
        assert page.evaluate("document.documentElement.scrollWidth") <= wide
        assert faults_of(page) == []
        keep_screenshot(page, f"link-{name}-{page.scheme}")

    page.get_by_label("New password").fill("12345678")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("too common")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button").click()

    expect(page.get_by_role("status")).to_contain_text("Your password is set")
    assert User.objects.get().check_password(PASSWORD)
    errors = [text for text in page.errors if "400 (Bad Request)" not in text]
    assert errors == []


def test_a_user_confirms_an_address_with_the_password(page, user):
    user.set_password(PASSWORD)
    user.save()
    open_link(page, AddressLink(user.pk, user.email, "new@example.com"))
    assert faults_of(page) == []

    page.get_by_label("The password of that account").fill(PASSWORD)
    page.get_by_role("button").click()

    expect(page.get_by_role("status")).to_contain_text("new@example.com is now the address")
    assert page.errors == []


def test_a_dead_link_says_so(page):
    page.goto("/auth/link?token=none")

    expect(page.get_by_role("heading")).to_have_text("This link does not work")
    assert faults_of(page) == []

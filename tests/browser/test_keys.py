"""The page at /keys in a browser, from signing in to deleting a key, by mouse and by keyboard."""

import pytest
from playwright.sync_api import expect

from accounts.access.key_lookup import get_user
from accounts.keys import create_key
from accounts.models import ApiKey, User
from tests.accounts.auth.conftest import _privy, token  # noqa: F401
from tests.browser.conftest import faults_of, keep_screenshot, new_context

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("_no_connections_kept")]

PASSWORD = "correct horse battery staple"
WIDTHS = {"phone": 390, "desk": 1440, "wall": 1920}


@pytest.fixture
def owner(transactional_db):
    user = User.objects.create_user("ada@example.com", PASSWORD)
    create_key(user, key_name="Production server")
    return user


@pytest.fixture(params=["light", "dark"])
def page(request, browser, live_server, owner):
    context = new_context(
        browser,
        color_scheme=request.param,
        base_url=live_server.url,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.scheme = request.param
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def look_at(page, name):
    for width_name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults_of(page) == []
        keep_screenshot(page, f"{name}-{width_name}-{page.scheme}")


def sign_in(page):
    page.goto("/keys")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your API keys")).to_be_visible()


def test_a_key_is_made_copied_and_deleted(page):
    page.goto("/keys")
    look_at(page, "keys-sign-in")
    sign_in(page)

    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make key").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    secret = page.evaluate("navigator.clipboard.readText()")
    assert get_user(secret) is not None
    look_at(page, "keys-made")

    page.goto("/keys")
    page.locator("summary").nth(1).click()
    look_at(page, "keys")
    page.get_by_text("Delete Laptop").click()
    page.get_by_role("checkbox").and_(page.locator(":visible")).check()
    page.get_by_role("button", name="Delete").and_(page.locator(":visible")).click()
    expect(page.get_by_role("heading", name="Laptop")).to_have_count(0)
    assert not ApiKey.objects.filter(key_name="Laptop").exists()
    assert page.complaints == []


@pytest.mark.usefixtures("_privy")
def test_a_link_of_a_product_fills_in_the_token_of_privy_and_its_user_signs_in(page):
    given = token()

    page.goto(f"/keys#privy={given}")
    expect(page.get_by_label("Access token of Privy")).to_have_value(given)
    expect(page.get_by_text("Your token is filled in: sign in with it.")).to_be_visible()
    assert given not in page.url
    look_at(page, "keys-privy")
    # A link alone signs nobody in.
    assert not User.objects.filter(privy_user_id="did:privy:ada").exists()
    page.get_by_role("button", name="Sign in with Privy").click()

    expect(page.get_by_role("heading", name="Your API keys")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Access token of Privy")).to_have_count(0)
    assert User.objects.filter(privy_user_id="did:privy:ada").exists()
    assert page.complaints == []


@pytest.mark.usefixtures("_privy")
def test_without_a_token_in_the_link_the_field_of_privy_stays_empty(page):
    page.goto("/keys#elsewhere=1")

    expect(page.get_by_label("Access token of Privy")).to_have_value("")
    expect(page.get_by_text("fills this in when it sends you here")).to_be_visible()


def test_the_keyboard_alone_signs_in_and_rotates(page):
    page.goto("/keys")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your API keys")).to_be_visible()

    rotate = page.get_by_text("Rotate Production server")
    for _ in range(20):
        page.keyboard.press("Tab")
        if rotate.evaluate("summary => summary.closest('summary') === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The secret of Production server")).to_be_visible()

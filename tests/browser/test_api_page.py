"""/docs in a browser: paste a key, try a call."""

import pytest
from playwright.sync_api import Page, expect

from chat.models import ChatSession
from tests.browser.conftest import faults_of, new_context

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("_no_connections_kept")]

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}


@pytest.fixture(params=["light", "dark"])
def page(request, browser, live_server):
    context = new_context(browser, color_scheme=request.param)
    page = context.new_page()
    page.errors = []
    page.on("console", lambda message: page.errors.append(message.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{live_server.url}/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    yield page
    context.close()


def begin_session(page: Page):
    operation = page.locator("#operations-Sessions-createSession")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    return operation.locator(".live-responses-table tbody .response-col_status").first


def test_a_pasted_key_makes_a_call_and_the_page_fits_its_window(page, api_key, user):
    page.get_by_label("API key").fill(api_key)

    expect(begin_session(page)).to_contain_text("201")
    assert ChatSession.objects.filter(user=user).count() == 1
    assert page.errors == []
    for wide, high in WIDTHS.values():
        page.set_viewport_size({"width": wide, "height": high})
        assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_the_page_is_accessible(page):
    assert faults_of(page) == []


def test_a_wrong_key_is_told_beside_its_field(page):
    page.get_by_label("API key").fill("gw_live_nothing")
    page.get_by_label("API key").press("Enter")

    expect(page.get_by_text("This API key does not exist.")).to_be_visible()


def test_the_operations_are_filtered_by_group(page):
    page.get_by_label("Filter by the name of a group").fill("Messages")

    expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    expect(page.locator("#operations-tag-Sessions")).to_have_count(0)


def test_without_a_key_the_response_is_401(page):
    expect(begin_session(page)).to_contain_text("401")

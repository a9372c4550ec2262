"""A shared link opened in a browser."""

import base64
import zlib

import pytest
from playwright.sync_api import expect

from accounts.models import User
from chat.models import ChatMessage, ChatSession, Share
from tests.browser.conftest import faults_of, keep_screenshot, new_context
from tests.browser.test_admin import ANSWER

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("_no_connections_kept")]

WIDTHS = {"phone": 390, "desk": 1440, "wall": 1920}
PATH = f"/v1/chat/share/{'t' * 32}"


def picture(width=240, height=120):
    """A PNG with a gradient, as a data URL."""

    def chunk(kind, data):
        checked = kind + data
        return len(data).to_bytes(4) + checked + zlib.crc32(checked).to_bytes(4)

    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (x, 90, 255 - 2 * y))
        for y in range(height)
    )
    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    png = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(b'\x89PNG\r\n\x1a\n' + png).decode()}"


@pytest.fixture
def shared(transactional_db):
    ada = User.objects.create_user("ada@example.com")
    session = ChatSession.objects.create(user=ada, title="How fast is it?", model="openai/gpt-4o")
    for role, content, more in (
        ("system", "Answer briefly.", {}),
        ("user", "How do I make creating a session fast?", {}),
        ("assistant", ANSWER, {"reasoning": "They want a plan.", "model": "openai/gpt-4o"}),
        ("tool", '{"rows": 3, "ok": true}', {}),
        ("user", "ما أفضل وقت لزيارة القاهرة؟", {}),
    ):
        ChatMessage.objects.create(session=session, role=role, content=content, **more)
    ChatMessage.objects.create(
        session=session,
        role="user",
        content="What is this?",
        content_parts=[
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": picture()}},
        ],
    )
    return Share.objects.create(user=ada, session=session, token="t" * 32)


@pytest.fixture(params=["light", "dark"])
def page(request, browser, live_server):
    context = new_context(browser, color_scheme=request.param, base_url=live_server.url)
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


def test_a_visitor_reads_a_shared_conversation(page, shared):
    page.goto(PATH)

    expect(page.get_by_role("heading", name="How fast is it?")).to_be_visible()
    expect(page.get_by_text("Answer briefly.")).to_have_count(0)
    expect(page.get_by_role("cell", name="create")).to_be_visible()
    shown = page.get_by_alt_text("Picture of the user")
    assert shown.evaluate("async image => (await image.decode(), image.naturalWidth)") == 240
    look_at(page, "shared")
    page.emulate_media(media="print")
    keep_screenshot(page, f"shared-print-{page.scheme}")
    assert page.complaints == []


def test_a_dead_link_says_so(page, shared):
    shared.session.delete()
    page.goto(PATH)

    expect(page.get_by_role("heading")).to_have_text("This conversation is no longer available")
    look_at(page, "shared-gone")


def test_the_conversation_can_be_read_by_keyboard_alone(page, shared):
    page.goto(PATH)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the conversation")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

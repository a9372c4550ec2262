"""The tags that group the operations of the OpenAPI description, in reading order.

The settings import this module, so it imports nothing of ours.
"""

import re

API_DESCRIPTION = """\
Chat history for LLM products: users, their API keys, chat sessions and messages.

**Send your key** as `Authorization: Bearer gw_live_…`. Every answer is
`{"success": true, "data": …}`, lists with a `count` of all matches; every error is an
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem object with a `detail` for people, a
`code` for programs and the `request_id` to tell us. A `POST` with an `Idempotency-Key` is done
once, however often it is sent.
"""

# (name, pattern of the paths it covers, description)
API_TAGS = (
    (
        "Sessions",
        r"/chat/sessions(?!.*/(messages|feedback|export))",
        "Create, list, rename, pin, archive, fork, delete and restore chat sessions.",
    ),
    (
        "Conversations",
        r"/conversations",
        "Sessions and messages in the shape of OpenAI's API, for its clients: `base_url` is this "
        "service's `/v1`.",
    ),
    ("Messages", r"/messages", "Add messages to a session, one or many."),
    ("Search", r"/chat/(search|stats)$", "Search chats by words, and count them."),
    ("Feedback", r"/feedback", "Thumbs, ratings and comments, and their statistics."),
    ("Sharing", r"/chat/share", "Public read-only links to a session."),
    ("Export and import", r"/(export|import)$", "Export everything, and import it again."),
    ("API keys", r"/user/api-keys", "Create, rotate, limit and delete keys."),
    ("Rate limits", r"/user/rate-limits", "How much a key may do in a minute, an hour and a day."),
    ("Plans", r"/(plans|user/plan|user/environment-usage)", "Plans, and what remains of yours."),
    ("Activity", r"/activity/", "What was done with your keys."),
    ("Notifications", r"/user/notifications", "What you are notified of, and how."),
    ("Referrals", r"/referral/", "Codes that invite others."),
    ("Profile", r"/user/(profile|password)", "Your own account."),
    ("Staff", r"/admin/", "For staff only."),
    ("Other", r"", "Everything else."),
)


def tag_of(path: str) -> str:
    """The first tag whose pattern matches a path such as `/v1/chat/sessions/{session_id}`."""
    return next(name for name, pattern, _ in API_TAGS if re.search(pattern, path))

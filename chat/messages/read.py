"""Reading the messages of a session, a page at a time."""

from chat.models import ChatMessage, ChatSession


def page_of_messages(
    session: ChatSession,
    *,
    message_limit: int,
    before: int | None = None,
    after: int | None = None,
) -> tuple[list[ChatMessage], bool]:
    """At most `message_limit` messages of `session`, oldest first, in one statement.

    `before` and `after` are ids of messages of the session. With `after`, the page begins
    right after that message; otherwise it ends right before `before`, or with the newest
    message. An id that is not of the session finds nothing.

    Returns the messages and whether there are more in the direction of reading.
    """
    messages = session.messages.in_order()
    if before is not None:
        messages = messages.before(before)
    if after is not None:
        messages = messages.after(after)
        found = list(messages[: message_limit + 1])
        return found[:message_limit], len(found) > message_limit
    found = list(messages.reverse()[: message_limit + 1])
    return found[:message_limit][::-1], len(found) > message_limit

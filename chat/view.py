"""What all views of chats have in common."""

from typing import ClassVar

from gatewayz.api.view import ApiView


class ChatView(ApiView):
    """The key needs the scope `chat`."""

    scope_resource: ClassVar[str] = "chat"

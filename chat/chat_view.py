"""What all views of chats have in common."""

from typing import ClassVar

from rest_framework.views import APIView


class ChatView(APIView):
    """The key needs the scope `chat`."""

    scope_resource: ClassVar[str] = "chat"

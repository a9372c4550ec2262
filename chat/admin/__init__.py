"""Admin pages of chats: operators can read them and revoke public links."""

from chat.admin import feedback, sessions, shares

__all__ = ["feedback", "sessions", "shares"]

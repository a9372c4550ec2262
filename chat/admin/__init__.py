"""Admin pages of chats: operators can read them, revoke public links and cancel imports."""

from chat.admin import feedback, imports, sessions, shares

__all__ = ["feedback", "imports", "sessions", "shares"]

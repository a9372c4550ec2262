"""Chats for operators: to read, and to end what is public."""

from chat.admin import feedback, sessions, shares

__all__ = ["feedback", "sessions", "shares"]

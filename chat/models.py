"""Chat sessions and their messages."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from accounts.models.users import MAX_RETENTION_DAYS
from accounts.principals.principal import Principal

# How far back titles are searched among everybody's sessions.
SEARCHED_TITLES = 10_000


class ChatSessionQuerySet(models.QuerySet["ChatSession"]):
    def owned_by(self, owner: Principal) -> Self:
        """The one door to sessions: other people's are as good as missing."""
        return self.filter(user_id=owner.user_id)

    def active(self) -> Self:
        """Sessions not deleted; counting one user's uses idx_chat_sessions_active."""
        return self.filter(is_active=True)

    def deleted(self) -> Self:
        """Sessions in the trash, until retention begins to purge them."""
        return self.filter(is_active=False, is_purged=False)

    def expired(self, now: datetime) -> Self:
        """Sessions that were in the trash longer than their user's retention, or the service's.

        0 days keep them for ever. One whose purge has begun stays expired.
        """
        days = Least(
            Coalesce("user__chat_retention_days", models.Value(settings.CHAT_RETENTION_DAYS)),
            # More than PostgreSQL can reckon with, of one user, would fail for all.
            models.Value(MAX_RETENTION_DAYS),
        )
        until = models.ExpressionWrapper(
            models.Value(now) - models.F("days") * models.Value(timedelta(days=1)),
            output_field=models.DateTimeField(),
        )
        has_expired = models.Q(days__gt=0, updated_at__lt=until)
        return (
            self.filter(is_active=False)
            .alias(days=days)
            .filter(has_expired | models.Q(is_purged=True))
        )

    def marked(self, *, pinned: bool | None = None, archived: bool | None = None) -> Self:
        """Only those (not) pinned or archived; None does not mind."""
        marks = {"is_pinned": pinned, "is_archived": archived}
        return self.filter(**{name: mark for name, mark in marks.items() if mark is not None})

    def recent(self) -> Self:
        """Last touched first; with one user's active ones, idx_chat_sessions_user_id."""
        return self.order_by("-updated_at", "-id")

    def newest_titled(self, words: str) -> Self:
        """Of the newest SEARCHED_TITLES sessions of all users, those with `words` in the title.

        For operators. No index of titles, which every new session would pay for, serves it:
        that many rows are read in some milliseconds.
        """
        oldest = ChatSession.objects.order_by("-id").values("id")[SEARCHED_TITLES:][:1]
        newest = models.Q(id__gt=Coalesce(models.Subquery(oldest), 0))
        return self.filter(newest, title__icontains=words)

    def older_than(self, updated_at: datetime, session_id: int) -> Self:
        """Those that `recent` lists after the session with this time and id."""
        return self.filter(
            models.Q(updated_at__lt=updated_at) | models.Q(id__lt=session_id),
            # Implied by the other condition, but it is what the index can seek by.
            updated_at__lte=updated_at,
        )

    def statistics(self) -> dict[str, Any]:
        """How many sessions, messages and tokens these are, in one statement.

        Deleted sessions and their messages count until they are purged, except in
        `active_sessions`.
        """
        figures = self.aggregate(
            total_sessions=models.Count("id", distinct=True),
            active_sessions=models.Count("id", distinct=True, filter=models.Q(is_active=True)),
            total_messages=models.Count("messages"),
            total_tokens=models.Sum("messages__tokens", default=0),
        )
        sessions = figures["total_sessions"]
        average = figures["total_messages"] / sessions if sessions else 0.0
        return {**figures, "average_messages_per_session": round(average, 2)}


class ChatSession(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="chat_sessions",
        # idx_chat_sessions_user_id serves it.
        db_index=False,
    )
    title = models.CharField(max_length=255)
    model = models.CharField(max_length=255)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(
        default=timezone.now, help_text="For a deleted session, when it was deleted."
    )
    is_pinned = models.BooleanField(default=False, db_default=False)
    is_archived = models.BooleanField(default=False, db_default=False)
    is_purged = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="What it held is being deleted for good.",
    )

    objects: ClassVar[models.Manager["ChatSession"]] = ChatSessionQuerySet.as_manager()

    class Meta:
        db_table = "chat_sessions"
        indexes = [
            models.Index(
                fields=["user", "is_active", "-updated_at"],
                name="idx_chat_sessions_user_id",
            ),
            models.Index(
                fields=["user", "-created_at"],
                name="idx_chat_sessions_active",
                condition=models.Q(is_active=True),
            ),
            # Finds what retention purges.
            models.Index(
                fields=["updated_at"],
                name="idx_chat_sessions_deleted",
                condition=models.Q(is_active=False),
            ),
            # Counts a day; next to nothing to keep, since rows come in the order of their times.
            BrinIndex(fields=["created_at"], name="idx_chat_sessions_created", autosummarize=True),
        ]

    def __str__(self) -> str:
        return self.title


class ChatMessageQuerySet(models.QuerySet["ChatMessage"]):
    def owned_by(self, owner: Principal) -> Self:
        """The one door to messages by their id: those of the owner's active sessions."""
        return self.filter(session__user_id=owner.user_id, session__is_active=True)

    def in_order(self) -> Self:
        """Oldest first; the id decides between equal times (idx_chat_messages_session_id)."""
        return self.order_by("created_at", "id")

    def before(self, message_id: int) -> Self:
        """Those that stand before a message of the same session."""
        at = self._time_of(message_id)
        return self.filter(
            models.Q(created_at__lt=at) | models.Q(id__lt=message_id), created_at__lte=at
        )

    def after(self, message_id: int) -> Self:
        """Those that stand after a message of the same session."""
        at = self._time_of(message_id)
        return self.filter(
            models.Q(created_at__gt=at) | models.Q(id__gt=message_id), created_at__gte=at
        )

    def _time_of(self, message_id: int) -> models.Subquery:
        return models.Subquery(self.filter(pk=message_id).values("created_at"))


class ChatMessage(models.Model):
    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"
        SYSTEM = "system"
        TOOL = "tool"

    session = models.ForeignKey(
        ChatSession,
        on_delete=models.CASCADE,
        related_name="messages",
        # idx_chat_messages_session_id serves it.
        db_index=False,
    )
    role = models.CharField(max_length=16, choices=Role)
    content = models.TextField(blank=True)
    content_parts = models.JSONField(
        null=True,
        blank=True,
        help_text="A multimodal message as it was given; its text stands in `content` too.",
    )
    model = models.CharField(max_length=255, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    reasoning = models.TextField(null=True, blank=True)  # noqa: DJ001
    metadata = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["ChatMessage"]] = ChatMessageQuerySet.as_manager()

    class Meta:
        db_table = "chat_messages"
        indexes = [
            models.Index(fields=["session", "created_at"], name="idx_chat_messages_session_id"),
            # As idx_chat_sessions_created.
            BrinIndex(fields=["created_at"], name="idx_chat_messages_created", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def given_content(self) -> Any:
        """The content as the client gave it: a string, or a list of parts."""
        return self.content if self.content_parts is None else self.content_parts


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def owned_by(self, owner: Principal) -> Self:
        """The one door to feedback: what this user gave."""
        return self.filter(user_id=owner.user_id)

    def newest_first(self) -> Self:
        """Latest given first; with one user, idx_message_feedback_user_id."""
        return self.order_by("-created_at", "-id")


class Feedback(models.Model):
    class Type(models.TextChoices):
        THUMBS_UP = "thumbs_up"
        THUMBS_DOWN = "thumbs_down"
        REGENERATE = "regenerate"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # idx_message_feedback_user_id serves it.
        db_index=False,
    )
    session = models.ForeignKey(
        ChatSession,
        on_delete=models.CASCADE,
        related_name="feedback",
        null=True,
        # idx_message_feedback_session serves it.
        db_index=False,
    )
    # Goes with the session, which is always named beside it: no constraint of its own.
    message = models.ForeignKey(
        ChatMessage,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    feedback_type = models.CharField(max_length=16, choices=Type)
    rating = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(null=True)  # noqa: DJ001
    model = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Feedback"]] = FeedbackQuerySet.as_manager()

    class Meta:
        db_table = "message_feedback"
        verbose_name_plural = "feedback"
        indexes = [
            models.Index(fields=["user", "-created_at"], name="idx_message_feedback_user_id"),
            models.Index(fields=["session"], name="idx_message_feedback_session"),
        ]

    def __str__(self) -> str:
        return f"{self.feedback_type} {self.pk}"


class ShareQuerySet(models.QuerySet["Share"]):
    def owned_by(self, owner: Principal) -> Self:
        """The one door to managing links: those that this user made."""
        return self.filter(user_id=owner.user_id)

    def not_revoked(self) -> Self:
        """Links not taken back, to sessions not deleted."""
        return self.filter(is_active=True, session__is_active=True)

    def open_at(self, now: datetime) -> Self:
        """Links that lead somewhere: not those of users who are switched off, or being erased."""
        lasting = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.not_revoked().filter(lasting, user__is_active=True)

    def newest_first(self) -> Self:
        """Latest made first; with one user, idx_shared_chats_user_id."""
        return self.order_by("-created_at", "-id")


class Share(models.Model):
    """A public link to a session."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # idx_shared_chats_user_id serves it.
        db_index=False,
    )
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="shares")
    # As it is, and no digest: the list shows it, and who can read this table can read the chats
    # themselves, so that there is nothing to protect.
    token = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True)
    view_count = models.BigIntegerField(default=0)
    last_viewed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Share"]] = ShareQuerySet.as_manager()

    class Meta:
        db_table = "shared_chats"
        indexes = [
            models.Index(fields=["user", "-created_at"], name="idx_shared_chats_user_id"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["token"], name="idx_shared_chats_token"),
        ]

    def __str__(self) -> str:
        return f"share {self.pk} of session {self.session_id}"


class IdempotencyKey(models.Model):
    """A request that a client marked to be done once, and its answer. See `chat.idempotency`."""

    pk = models.CompositePrimaryKey("user_id", "key")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # The primary key serves it.
        db_index=False,
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    # Text and not JSON: a replay is the same bytes.
    body = models.TextField()
    # What it recorded, a line for each event: its process may have died before it could.
    activity = models.TextField(default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "chat_idempotency_keys"
        indexes = [
            # Finds those that have ended.
            models.Index(fields=["created_at"], name="idx_chat_idempotency_created"),
        ]

    def __str__(self) -> str:
        return self.key


class ChatDay(models.Model):
    """How many sessions and messages one day (UTC) has. See `chat.daily_counts`."""

    day = models.DateField(primary_key=True)
    sessions = models.BigIntegerField()
    messages = models.BigIntegerField()

    class Meta:
        db_table = "chat_daily"

    def __str__(self) -> str:
        return f"{self.day}: {self.sessions} sessions"

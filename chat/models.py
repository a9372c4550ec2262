"""Chat sessions and their messages."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.principals.principal import Principal
from chat.given_json import GivenJsonField
from gatewayz.templatetags.words import in_words

MAX_TAG_CHARS = 64

# How many of the newest sessions a search of all users' titles covers.
SEARCHED_TITLES = 10_000


class ChatSessionQuerySet(models.QuerySet["ChatSession"]):
    def owned_by(self, owner: Principal) -> Self:
        """One user's sessions; every look-up by id starts here, so others' sessions are 404."""
        return self.filter(user_id=owner.user_id)

    def active(self) -> Self:
        """Sessions that are not deleted; counting one user's uses idx_chat_sessions_active."""
        return self.filter(is_active=True)

    def deleted(self) -> Self:
        """Sessions in the trash that are not being purged."""
        return self.filter(is_active=False, is_purged=False)

    def old(self, user_id: int, until: datetime) -> Self:
        """One user's sessions without a message since `until`, except pinned ones."""
        return self.active().filter(user_id=user_id, updated_at__lt=until, is_pinned=False)

    def trash(self, *, is_purged: bool = False) -> int:
        """Move these to the trash, or with `is_purged` beyond it. Returns how many there were."""
        return self.update(
            is_active=False,
            is_purged=is_purged,
            deleted_at=timezone.now(),
            version=models.F("version") + 1,
        )

    def matching(self, **given: str | None) -> Self:
        """Filter by `external_id`, `end_user_id`, `folder` and `tag`; None means no filter."""
        named = {name: value for name, value in given.items() if value is not None}
        if (tag := named.pop("tag", None)) is not None:
            # The first condition follows from the second, and is that of the index.
            return self.filter(~models.Q(tags=[]), tags__contains=[tag], **named)
        return self.filter(**named)

    def marked(self, *, pinned: bool | None = None, archived: bool | None = None) -> Self:
        """Filter by pinned and archived; None means no filter."""
        marks = {"is_pinned": pinned, "is_archived": archived}
        return self.filter(**{name: mark for name, mark in marks.items() if mark is not None})

    def recent(self) -> Self:
        """Most recently touched first; for one user's active ones, idx_chat_sessions_user_id."""
        return self.order_by("-updated_at", "-id")

    def begun(self) -> Self:
        """Oldest first, an order that no change affects (idx_chat_sessions_active)."""
        return self.order_by("created_at", "id")

    def begun_after(self, created_at: datetime, session_id: int) -> Self:
        """The sessions that `begun` lists after the one with this time and id."""
        return self.filter(
            models.Q(created_at__gt=created_at) | models.Q(id__gt=session_id),
            created_at__gte=created_at,
        )

    def newest_titled(self, words: str) -> Self:
        """Sessions with `words` in the title, among the newest SEARCHED_TITLES of all users.

        For operators. No index serves it, which every new session would pay for; reading that many
        rows takes a few milliseconds.
        """
        oldest = ChatSession.objects.order_by("-id").values("id")[SEARCHED_TITLES:][:1]
        newest = models.Q(id__gt=Coalesce(models.Subquery(oldest), 0))
        return self.filter(newest, title__icontains=words)

    def older_than(self, updated_at: datetime, session_id: int) -> Self:
        """The sessions that `recent` lists after the one with this time and id."""
        return self.filter(
            models.Q(updated_at__lt=updated_at) | models.Q(id__lt=session_id),
            # Implied by the other condition, but it is the one that the index can use.
            updated_at__lte=updated_at,
        )

    def with_current_message(self, user_id: int) -> Self:
        """Annotate `current_message_id`: the last message of the current branch.

        All of these sessions belong to `user_id`.
        """
        current = ChatMessage.objects.filter(
            user_id=user_id, session_id=models.OuterRef("pk")
        ).current()
        last = current.order_by("-position").values("id")[:1]
        return self.annotate(current_message_id=models.Subquery(last))

    def tags(self) -> list[tuple[str, int]]:
        """The tags of these sessions with the number of sessions, the most frequent first."""
        tagged = self.filter(~models.Q(tags=[])).order_by()
        each = tagged.annotate(tag=models.Func("tags", function="unnest")).values("tag")
        return list(
            each.annotate(count=models.Count("id"))
            .order_by("-count", "tag")
            .values_list("tag", "count")
        )

    def folders(self) -> list[tuple[str | None, int]]:
        """The folders of these sessions with the number of sessions, by name."""
        each = self.filter(folder__isnull=False).order_by().values("folder")
        return list(
            each.annotate(count=models.Count("id"))
            .order_by("folder")
            .values_list("folder", "count")
        )


class ChatSession(models.Model):
    """A conversation of one user."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="chat_sessions",
        # Served by idx_chat_sessions_user_id.
        db_index=False,
    )
    title = models.CharField(max_length=255)
    model = models.CharField(max_length=255)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(
        default=timezone.now, help_text="When a message was last added or changed."
    )
    is_pinned = models.BooleanField(default=False, db_default=False)
    is_archived = models.BooleanField(default=False, db_default=False)
    is_purged = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether its content is being deleted for good.",
    )
    external_id = models.CharField(  # noqa: DJ001 - it is unique unless null
        max_length=255, null=True, help_text="The id that the client gave to the session."
    )
    end_user_id = models.CharField(  # noqa: DJ001 - as external_id
        max_length=255, null=True, help_text="Whose session it is, if people share an account."
    )
    metadata = models.JSONField(null=True, blank=True)
    tags = ArrayField(
        models.CharField(max_length=MAX_TAG_CHARS), default=list, db_default=[], blank=True
    )
    folder = models.CharField(max_length=255, null=True)  # noqa: DJ001 - most are in none
    version = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="Grows with each change."
    )
    deleted_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, help_text="When it goes to the trash by itself.")
    extra = GivenJsonField(
        null=True, blank=True, help_text="Other fields that the client gave, unchanged."
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
            # For looking through the trash for what retention purges, from any place.
            models.Index(
                fields=["updated_at", "id"],
                name="idx_chat_sessions_trash",
                condition=models.Q(is_active=False),
            ),
            # Finds sessions that are being purged.
            models.Index(
                fields=["id"],
                name="idx_chat_sessions_purged",
                condition=models.Q(is_purged=True),
            ),
            # For counting a day. A BRIN index costs next to nothing here, since rows come in time
            # order.
            BrinIndex(fields=["created_at"], name="idx_chat_sessions_created", autosummarize=True),
            # For the sessions of one end user, in one folder, or with a tag.
            models.Index(
                fields=["user", "end_user_id", "-updated_at"],
                name="idx_chat_sessions_end_user",
                condition=models.Q(end_user_id__isnull=False),
            ),
            models.Index(
                fields=["user", "folder", "-updated_at"],
                name="idx_chat_sessions_folder",
                condition=models.Q(folder__isnull=False),
            ),
            models.Index(
                fields=["user", "-updated_at"],
                name="idx_chat_sessions_tagged",
                condition=~models.Q(tags=[]),
            ),
            # For pinned and for archived sessions.
            models.Index(
                fields=["user", "-updated_at"],
                name="idx_chat_sessions_pinned",
                condition=models.Q(is_active=True, is_pinned=True),
            ),
            models.Index(
                fields=["user", "-updated_at"],
                name="idx_chat_sessions_archived",
                condition=models.Q(is_active=True, is_archived=True),
            ),
            # Finds sessions that expire.
            models.Index(
                fields=["expires_at"],
                name="idx_chat_sessions_expires",
                condition=models.Q(expires_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "external_id"],
                condition=models.Q(external_id__isnull=False, is_active=True),
                name="idx_chat_sessions_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ChatMessageQuerySet(models.QuerySet["ChatMessage"]):
    def owned_by(self, owner: Principal) -> Self:
        """Messages of the owner's active sessions. Every look-up by id starts here."""
        return self.filter(
            user_id=owner.user_id, session__user_id=owner.user_id, session__is_active=True
        )

    def of(self, session: ChatSession) -> Self:
        """Messages of a session; also filters by its owner, by whom tables may be distributed."""
        return self.filter(user_id=session.user_id, session_id=session.pk)

    def in_order(self) -> Self:
        """In the order in which they were added (idx_chat_messages_session_id)."""
        return self.order_by("position", "id")

    def current(self) -> Self:
        """Messages of the branch that the session follows."""
        return self.filter(is_current=True)

    def newest_totals(self, at_most: int) -> models.QuerySet[Any, dict[str, Any]]:
        """`all_tokens` and `count` of the newest messages by `session_id`, most tokens first.

        For operators; reads `at_most` rows by their primary key.
        """
        newest = ChatMessage.objects.order_by("-pk").values("pk")[:at_most]
        return (
            self.filter(pk__in=newest)
            .values("session_id")
            .annotate(all_tokens=models.Sum("tokens"), count=models.Count("pk"))
            .order_by("-all_tokens", "-session_id")
        )

    def before(self, message_id: int) -> Self:
        """Messages before one of the same session, on any branch."""
        return self.filter(position__lt=self._place_of(message_id))

    def after(self, message_id: int) -> Self:
        """Messages after one of the same session, on any branch."""
        return self.filter(position__gt=self._place_of(message_id))

    def _place_of(self, message_id: int) -> models.Subquery:
        return models.Subquery(self.filter(pk=message_id).values("position"))


class ChatMessage(models.Model):
    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"
        SYSTEM = "system"
        DEVELOPER = "developer"
        TOOL = "tool"
        FUNCTION = "function"

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress"
        COMPLETED = "completed"
        INCOMPLETE = "incomplete"
        FAILED = "failed"

    session = models.ForeignKey(
        ChatSession,
        on_delete=models.CASCADE,
        related_name="messages",
        # idx_chat_messages_session_id serves it.
        db_index=False,
    )
    # The owner of the session. Erasing the user deletes the session, and so its messages.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    position = models.BigIntegerField(
        null=True, editable=False, help_text="The place of the message in the session."
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
        help_text="The message before this one.",
    )
    is_current = models.BooleanField(
        default=True, db_default=True, help_text="Whether it is on the branch that is shown."
    )
    client_id = models.CharField(  # noqa: DJ001 - it is unique unless null
        max_length=255, null=True, help_text="The id that the client gave to the message."
    )
    role = models.CharField(max_length=16, choices=Role)
    content = models.TextField(blank=True)
    # Used before `extra` existed: `content` that is a list, and metadata.
    content_parts = models.JSONField(
        null=True,
        blank=True,
        help_text="The parts of a multimodal message, unchanged; `content` has their text.",
    )
    model = models.CharField(max_length=255, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    reasoning = models.TextField(null=True, blank=True)  # noqa: DJ001
    metadata = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(
        max_length=16, choices=Status, default=Status.COMPLETED, db_default=Status.COMPLETED
    )
    revision = models.PositiveIntegerField(default=0, db_default=0)
    edited = models.BooleanField(default=False, db_default=False)
    updated_at = models.DateTimeField(null=True)
    extra = GivenJsonField(
        null=True,
        blank=True,
        help_text="Fields without a column, unchanged, and `content` if it is not a string.",
    )

    objects: ClassVar[models.Manager["ChatMessage"]] = ChatMessageQuerySet.as_manager()

    class Meta:
        db_table = "chat_messages"
        indexes = [
            models.Index(fields=["session", "position"], name="idx_chat_messages_session_id"),
            # For the statistics of one user, which read nothing else. The condition is always
            # true. It keeps PostgreSQL from reading this index for statements that do not repeat
            # it: those that name a session and its user need only the index of the session.
            models.Index(
                fields=["user", "session", "tokens"],
                name="idx_chat_messages_totals",
                condition=models.Q(tokens__gte=0),
            ),
            # As idx_chat_sessions_created.
            BrinIndex(fields=["created_at"], name="idx_chat_messages_created", autosummarize=True),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "client_id"],
                condition=models.Q(client_id__isnull=False),
                name="idx_chat_messages_client_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def given_content(self) -> Any:
        """The content as the client gave it: a string, a list of parts, or None."""
        if self.extra and "content" in self.extra:
            return self.extra["content"]
        return self.content if self.content_parts is None else self.content_parts

    @property
    def given_metadata(self) -> Any:
        """The metadata as the client gave it."""
        if self.extra and "metadata" in self.extra:
            return self.extra["metadata"]
        return self.metadata

    @property
    def other_fields(self) -> dict[str, Any]:
        """Further fields that the client gave, by name: tool calls, and fields unknown here."""
        return {
            name: value
            for name, value in (self.extra or {}).items()
            if name not in {"content", "metadata"}
        }


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def owned_by(self, owner: Principal) -> Self:
        """One user's feedback. Every look-up by id starts here."""
        return self.filter(user_id=owner.user_id)

    def newest_first(self) -> Self:
        """Newest first; for one user, by idx_message_feedback_user_id."""
        return self.order_by("-created_at", "-id")


class Feedback(models.Model):
    """A user's opinion of a message or session."""

    class Type(models.TextChoices):
        THUMBS_UP = "thumbs_up"
        THUMBS_DOWN = "thumbs_down"
        REGENERATE = "regenerate"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # Served by idx_message_feedback_user_id.
        db_index=False,
    )
    session = models.ForeignKey(
        ChatSession,
        on_delete=models.CASCADE,
        related_name="feedback",
        null=True,
        # Served by idx_message_feedback_session.
        db_index=False,
    )
    # Without a constraint: the session, which is always set beside it, deletes both.
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
        return f"{in_words(self.feedback_type)} {self.pk}"


class ShareQuerySet(models.QuerySet["Share"]):
    def owned_by(self, owner: Principal) -> Self:
        """One user's links. Managing a link starts here."""
        return self.filter(user_id=owner.user_id)

    def not_revoked(self) -> Self:
        """Links that are not revoked, to sessions that are not deleted."""
        return self.filter(is_active=True, session__is_active=True)

    def open_at(self, now: datetime) -> Self:
        """Links that can be opened: not expired, and not of inactive or erased users."""
        lasting = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.not_revoked().filter(lasting, user__is_active=True)

    def newest_first(self) -> Self:
        """Newest first; for one user, by idx_shared_chats_user_id."""
        return self.order_by("-created_at", "-id")


class Share(models.Model):
    """A public link to a session."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # Served by idx_shared_chats_user_id.
        db_index=False,
    )
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="shares")
    # Stored as it is, not as a digest: the list shows it, and anybody who can read this table can
    # read the chats themselves.
    token = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True)
    include_system = models.BooleanField(
        default=False, db_default=False, help_text="Whether it shows instructions to the model."
    )
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
        return f"Share {self.pk} of session {self.session_id}"


class IdempotencyKey(models.Model):
    """A request that must be done only once, and its answer. See `chat.idempotency`."""

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
    # Text and not JSON, so that a replay has the same bytes.
    body = models.TextField()
    # The events of the request, one per line, in case its process died before recording them.
    activity = models.TextField(default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "chat_idempotency_keys"
        indexes = [
            # For finding expired keys.
            models.Index(fields=["created_at"], name="idx_chat_idempotency_created"),
        ]


class ChatImportQuerySet(models.QuerySet["ChatImport"]):
    def owned_by(self, owner: Principal) -> Self:
        """One user's imports. Every look-up by id starts here."""
        return self.filter(user_id=owner.user_id)

    def unfinished(self) -> Self:
        """Imports whose file is arriving or being imported (idx_chat_imports_unfinished)."""
        return self.filter(state__in=ChatImport.UNFINISHED)


class ChatImport(models.Model):
    """A long file of chats and the progress of its import. See `chat.transfer.jobs`."""

    class State(models.TextChoices):
        RECEIVING = "receiving"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    UNFINISHED = (State.RECEIVING, State.RUNNING)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # Served by idx_chat_imports_user.
        db_index=False,
    )
    state = models.CharField(max_length=16, choices=State, default=State.RECEIVING)
    file_name = models.CharField(max_length=255, blank=True)
    are_lines = models.BooleanField(default=False)
    size_bytes = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    position = models.JSONField(
        default=list, help_text="Where in the file the import continues; see `chat.transfer.jobs`."
    )
    read_bytes = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How often a worker has started on it since the last progress."
    )
    report = models.JSONField(default=dict)
    reason = models.TextField(blank=True, help_text="Why the import failed.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["ChatImport"]] = ChatImportQuerySet.as_manager()

    class Meta:
        db_table = "chat_imports"
        verbose_name = "import"
        indexes = [
            models.Index(fields=["user", "-id"], name="idx_chat_imports_user"),
            # Finds the next one to work on; it has few rows.
            models.Index(
                fields=["updated_at"],
                name="idx_chat_imports_unfinished",
                condition=models.Q(state__in=["receiving", "running"]),
            ),
            # For finding old ones.
            models.Index(fields=["finished_at"], name="idx_chat_imports_finished"),
        ]

    def __str__(self) -> str:
        return f"Import {self.pk} {self.file_name}".strip()

    @property
    def progress(self) -> float:
        """The share of the file that has been read, from 0 to 1."""
        if self.state == self.State.COMPLETED:
            return 1.0
        return round(min(1.0, self.read_bytes / max(1, self.size_bytes)), 4)


class ChatImportChunk(models.Model):
    """A piece of a file that is being imported; web and worker share no disk.

    While it exists, triggers count its bytes towards the user's storage.
    """

    chat_import = models.ForeignKey(
        ChatImport,
        on_delete=models.CASCADE,
        related_name="chunks",
        # Served by idx_chat_import_chunks.
        db_index=False,
    )
    number = models.PositiveIntegerField()
    bytes = models.BinaryField()

    class Meta:
        db_table = "chat_import_chunks"
        constraints = [
            models.UniqueConstraint(
                fields=["chat_import", "number"], name="idx_chat_import_chunks"
            ),
        ]


class ChatDay(models.Model):
    """The numbers of sessions and messages of one day (UTC). See `chat.daily_counts`."""

    day = models.DateField(primary_key=True)
    sessions = models.BigIntegerField()
    messages = models.BigIntegerField()

    class Meta:
        db_table = "chat_daily"


class SearchOwner(models.Model):
    """The salt of a user's words in the search index, and the number of its next document."""

    user_id = models.BigIntegerField(primary_key=True)
    # Random, so that nobody can write words whose keys match those of another user's words.
    salt = models.BinaryField()
    next_number = models.BigIntegerField(default=0)

    class Meta:
        db_table = "chat_search_owners"


class SearchDocument(models.Model):
    """Some consecutive messages of one session, in the form that search reads."""

    pk = models.CompositePrimaryKey("session_id", "part")
    # The database deletes it with its session.
    session_id = models.BigIntegerField()
    part = models.IntegerField()
    user_id = models.BigIntegerField()
    number = models.BigIntegerField(help_text="Higher for documents that the user wrote in later.")
    version = models.SmallIntegerField(help_text="Of the rules that prepared its text.")
    first_message_id = models.BigIntegerField()
    characters = models.IntegerField(help_text="The length of `body`, unpacked.")
    keys = ArrayField(models.IntegerField())
    body = models.BinaryField()

    class Meta:
        db_table = "chat_search_documents"
        indexes = [
            GinIndex(
                fields=["keys"],
                name="idx_chat_search_documents_keys",
                # A search would read everything that is pending, of all users.
                fastupdate=False,
            ),
            # Finds documents that an older version has prepared.
            models.Index(fields=["version"], name="idx_chat_search_documents_old"),
        ]


class SearchWords(models.Model):
    """Words of one user, one per line, in which parts of words are searched for."""

    pk = models.CompositePrimaryKey("user_id", "part")
    user_id = models.BigIntegerField()
    part = models.IntegerField()
    words = models.TextField()

    class Meta:
        db_table = "chat_search_words"


class SearchPending(models.Model):
    """A message or session that was written and is not indexed yet; added by triggers.

    Without a message, the whole session must be indexed again.
    """

    user_id = models.BigIntegerField()
    session_id = models.BigIntegerField()
    message_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "chat_search_pending"
        indexes = [
            models.Index(fields=["user_id", "id"], name="idx_chat_search_pending_user"),
        ]

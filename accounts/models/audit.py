"""The audit log: who changed what, kept so that nobody can change it unnoticed.

See `accounts.audit`. The database refuses to change these rows, and chains them by itself: the
triggers are in the migration that makes the tables. No foreign keys: the log outlives what it
tells of.
"""

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils import timezone

from accounts.principals.principal import Principal


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def owned_by(self, owner: Principal) -> Self:
        """What was done to one user and what is the user's."""
        return self.filter(user_id=owner.user_id)

    def matching(
        self,
        *,
        key_id: int | None = None,
        action: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> Self:
        """Entries about one API key, of one action, from a time on and before another."""
        filters = {
            "target": None if key_id is None else key_target(key_id),
            "action": action,
            "created_at__gte": start_date,
            "created_at__lt": end_date,
        }
        return self.filter(**{name: wanted for name, wanted in filters.items() if wanted})

    def with_personal_data(self) -> Self:
        """With `personal_data`, the JSON of what each holds about the user whose it is, or None.

        Not what it holds about an operator who did it.
        """
        data = AuditPersonalData.objects.filter(
            entry_id=models.OuterRef("pk"), user_id=models.OuterRef("user_id")
        )
        return self.annotate(personal_data=models.Subquery(data.values("content")))

    def newest_first(self) -> Self:
        """Latest first; with one user, idx_audit_log_user_id."""
        return self.order_by("-created_at", "-id")


class AuditEntry(models.Model):
    """One change. The chain covers every column."""

    class Channel(models.TextChoices):
        API = "api", "API key"
        ADMIN = "admin", "Admin"
        PUBLIC = "public", "Without a key"
        COMMAND = "command", "Command or worker"

    created_at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=64, help_text="What was changed, such as api_key:7")
    user_id = models.BigIntegerField(help_text="Whose it is")
    channel = models.CharField(max_length=8, choices=Channel)
    actor_user_id = models.BigIntegerField(null=True, help_text="Who did it")
    actor_key_id = models.BigIntegerField(null=True, help_text="With which API key")
    request_id = models.CharField(max_length=128, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # By user id, what the personal data of this entry must digest to.
    commitments = models.JSONField(default=dict)

    objects: ClassVar[models.Manager["AuditEntry"]] = AuditEntryQuerySet.as_manager()

    class Meta:
        db_table = "audit_log"
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["user_id", "-created_at"], name="idx_audit_log_user_id"),
            models.Index(fields=["user_id", "target", "-created_at"], name="idx_audit_log_target"),
            models.Index(fields=["action", "-id"], name="idx_audit_log_action"),
            # The last hours; next to nothing to keep, since entries come in the order of time.
            BrinIndex(fields=["created_at"], name="idx_audit_log_created", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class AuditPersonalData(models.Model):
    """What an entry holds about one person, beside the chain, so that it can be erased.

    The salt goes with it: without it, nobody can find the data by trying what it may have been.
    """

    entry_id = models.BigIntegerField()
    user_id = models.BigIntegerField(help_text="Whose data it is")
    salt = models.CharField(max_length=32)
    # JSON as text, byte for byte what was committed to.
    content = models.TextField()

    class Meta:
        db_table = "audit_personal_data"
        constraints = [
            models.UniqueConstraint(
                fields=["entry_id", "user_id"], name="uniq_audit_personal_data_entry"
            ),
        ]
        indexes = [models.Index(fields=["user_id"], name="idx_audit_personal_data_user")]

    def __str__(self) -> str:
        return f"entry {self.entry_id}, user {self.user_id}"


class AuditLink(models.Model):
    """The place of one entry in the chain, in the order in which they were committed."""

    sequence = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_chain"

    def __str__(self) -> str:
        return str(self.sequence)


class AuditHead(models.Model):
    """The newest link, in the only row: without it, nobody would miss the newest entries."""

    id = models.SmallIntegerField(primary_key=True)
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_head"

    def __str__(self) -> str:
        return str(self.sequence)


def key_target(key_id: int | None) -> str:
    """How entries name an API key; None is one that the old service kept in its users table."""
    return f"api_key:{key_id}" if key_id is not None else "api_key:legacy"


def user_target(user_id: int) -> str:
    """How entries name a user."""
    return f"user:{user_id}"

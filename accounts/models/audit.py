"""The audit log: who changed what, stored so that nobody can change it unnoticed.

See `accounts.audit`. The database rejects changes of these rows and chains them itself; the
triggers are in the migration that creates the tables. There are no foreign keys: the log outlives
what it describes.
"""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils import timezone

from accounts.principals.principal import Principal
from gatewayz.templatetags.words import in_words


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def owned_by(self, owner: Principal) -> Self:
        """Entries about one user and what belongs to the user."""
        return self.filter(user_id=owner.user_id)

    def matching(
        self,
        *,
        key_id: int | None = None,
        action: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> Self:
        """Entries about one key, with one action, from `start_date` on and before `end_date`."""
        filters = {
            "target": None if key_id is None else key_target(key_id),
            "action": action,
            "created_at__gte": start_date,
            "created_at__lt": end_date,
        }
        return self.filter(**{name: wanted for name, wanted in filters.items() if wanted})

    def with_personal_data(self) -> Self:
        """Annotate `personal_data`: the JSON of what each entry holds about its own user, or None.

        Data about an operator who made the change is left out.
        """
        data = AuditPersonalData.objects.filter(
            entry_id=models.OuterRef("pk"), user_id=models.OuterRef("user_id")
        )
        return self.annotate(personal_data=models.Subquery(data.values("content")))

    def newest_first(self) -> Self:
        """Newest first; for one user, idx_audit_log_user_id serves this."""
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
    user_id = models.BigIntegerField(help_text="The user who owns it")
    channel = models.CharField(max_length=8, choices=Channel)
    actor_user_id = models.BigIntegerField(null=True, help_text="The user who did it")
    actor_key_id = models.BigIntegerField(null=True, help_text="The API key it was done with")
    request_id = models.CharField(max_length=128, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # By user id, the digest that this entry's personal data must have.
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
            # For reading the last hours. A BRIN index costs next to nothing here, since entries
            # come in time order.
            BrinIndex(fields=["created_at"], name="idx_audit_log_created", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.action_in_words}: {self.target_in_words}"

    @property
    def action_in_words(self) -> str:
        return in_words(self.action)

    @property
    def target_in_words(self) -> str:
        """The kind and id of what was changed, such as `API key 7`."""
        return in_words(self.target.replace(":", "_"))

    @property
    def summary(self) -> str:
        """The changed fields, as `name: before → after`."""
        before, after = self.before or {}, self.after or {}
        changes = (
            f"{name.replace('_', ' ')}: {_shown(before.get(name))} → {_shown(after.get(name))}"
            if self.before is not None
            else f"{name.replace('_', ' ')}: {_shown(after[name])}"
            for name in after or before
            if before.get(name) != after.get(name)
        )
        return "; ".join(changes)


def _shown(value: Any) -> Any:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(one)}" for name, one in value.items()) or "–"
    return "–" if value is None else value


class AuditPersonalData(models.Model):
    """The personal data of an entry, stored outside the chain so that it can be erased.

    The salt is erased with it: without the salt, nobody can find the data by guessing.
    """

    entry_id = models.BigIntegerField()
    user_id = models.BigIntegerField(help_text="The user whose data it is")
    salt = models.CharField(max_length=32)
    # JSON as text, exactly the bytes that the commitment covers.
    content = models.TextField()

    class Meta:
        db_table = "audit_personal_data"
        constraints = [
            models.UniqueConstraint(
                fields=["entry_id", "user_id"], name="uniq_audit_personal_data_entry"
            ),
        ]
        indexes = [models.Index(fields=["user_id"], name="idx_audit_personal_data_user")]


class AuditLink(models.Model):
    """A link of the chain: the position of one entry, in the order of commits."""

    sequence = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_chain"


class AuditHead(models.Model):
    """The newest link, in the only row: it shows when the newest entries have been removed."""

    id = models.SmallIntegerField(primary_key=True)
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_head"


def key_target(key_id: int | None) -> str:
    """Return how entries name an API key; None is a key in the old service's users table."""
    return f"api_key:{key_id}" if key_id is not None else "api_key:legacy"


def user_target(user_id: int) -> str:
    """Return how entries name a user."""
    return f"user:{user_id}"

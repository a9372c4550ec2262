"""API keys, with which clients act for a user. The secret itself is never stored."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from accounts.models.cached_rows import CachedRow, CachedRowQuerySet
from accounts.principals import key_format
from accounts.principals.allowlists import validate_domain_referrers, validate_ip_allowlist
from accounts.principals.principal import MAX_LIMIT, Principal
from accounts.principals.scopes import validate_scopes


class ApiKeyQuerySet(CachedRowQuerySet["ApiKey"]):
    def owned_by(self, owner: Principal) -> Self:
        """The keys of one user (idx_api_keys_new_user_id)."""
        return self.filter(user_id=owner.user_id)

    def active(self) -> Self:
        """Active keys; for one user, idx_api_keys_new_active serves this."""
        return self.filter(is_active=True)

    def primary(self) -> Self:
        """The primary key of each user (idx_api_keys_new_primary)."""
        return self.filter(is_primary=True)

    def in_environment(self, environment_tag: str) -> Self:
        """Keys of one environment; for one user, idx_api_keys_new_environment serves this."""
        return self.filter(environment_tag=environment_tag)

    def managing_keys(self) -> Self:
        """Keys that can currently be used to manage keys."""
        may_manage = models.Q(scope_permissions={})
        for level in ("write", "admin"):
            may_manage |= models.Q(scope_permissions__keys__contains=[level])
        unexpired = models.Q(expiration_date=None) | models.Q(expiration_date__gt=timezone.now())
        return self.active().filter(may_manage, unexpired)

    def made_at_sign_in(self, user_id: int) -> Self:
        """The keys that a user got from signing in."""
        return self.filter(user_id=user_id, made_at_sign_in=True)

    def newest_first(self) -> Self:
        """Newest first; for one user, idx_api_keys_new_created_at serves this."""
        return self.order_by("-created_at")

    def expiring_between(self, first: datetime, last: datetime) -> Self:
        """Keys that expire between two times; for active keys, by idx_api_keys_new_expiring."""
        return self.filter(expiration_date__gt=first, expiration_date__lte=last)

    def quota_used(self, percent: int) -> Self:
        """Keys with `max_requests` that have used at least `percent` of it."""
        # A decimal, because an integer could overflow, and one such key would fail all.
        share = models.ExpressionWrapper(
            models.F("max_requests") * models.Value(Decimal(percent) / 100),
            models.DecimalField(max_digits=24, decimal_places=2),
        )
        return self.filter(requests_used__gte=share)

    def with_digest(self, digests: list[str]) -> Self:
        """The key whose current or previous secret has one of these digests.

        Uses idx_api_keys_new_api_key and idx_api_keys_new_previous.
        """
        return self.filter(
            models.Q(key_digest__in=digests) | models.Q(previous_digest__in=digests)
        )

    def key_digests(self) -> set[str]:
        # Previous secrets are included even after their grace period: they may still be cached.
        pairs = self.order_by().values_list("key_digest", "previous_digest")
        return {digest for pair in pairs for digest in pair if digest is not None}

    def before_delete(self, digests: set[str]) -> None:
        revoke_legacy_keys(digests)


def revoke_legacy_keys(digests: Iterable[str]) -> None:
    """Remove these digests from the users table, where adopted keys are stored too.

    Otherwise an adopted key would keep working after its row in this table is gone.
    """
    get_user_model()._default_manager.filter(legacy_key_digest__in=digests).update(
        legacy_key_digest=None
    )


class ApiKey(CachedRow):
    CACHED_FIELDS = frozenset(
        {
            "user",
            "user_id",
            "key_digest",
            "environment_tag",
            "is_active",
            "expiration_date",
            "scope_permissions",
            "ip_allowlist",
            "domain_referrers",
            "max_requests",
            "previous_digest",
            "previous_expires_at",
        }
    )

    class Environment(models.TextChoices):
        LIVE = "live", "Live"
        TEST = "test", "Test"
        STAGING = "staging", "Staging"
        DEVELOPMENT = "development", "Development"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="api_keys",
        # Served by idx_api_keys_new_user_id.
        db_index=False,
    )
    key_name = models.CharField(max_length=255)
    key_digest = models.CharField(max_length=64, editable=False)
    # The secret before the last rotation and the end of its grace period. The cached principal
    # contains that time, so nothing has to happen when it passes.
    previous_digest = models.CharField(  # noqa: DJ001
        max_length=64, null=True, blank=True, editable=False
    )
    previous_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    key_prefix = models.CharField(max_length=24, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    environment_tag = models.CharField(
        max_length=16, choices=Environment, default=Environment.LIVE
    )
    is_active = models.BooleanField(default=True)
    is_primary = models.BooleanField(default=False)
    scope_permissions = models.JSONField(
        default=dict,
        # The previous release, which does not know the column, can still insert.
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        validators=[validate_scopes],
        help_text='What the key may do, as {"chat": ["read", "write"]}; {} means everything.',
    )
    ip_allowlist = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        validators=[validate_ip_allowlist],
        help_text='Addresses from which the key works, as ["203.0.113.0/24"]; [] means any.',
    )
    domain_referrers = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        validators=[validate_domain_referrers],
        help_text='Sites whose pages may use the key, as ["example.com", "*.example.com"]; '
        "[] means any, and none is required.",
    )
    max_requests = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LIMIT)],
        help_text="Total number of requests that the key may make; empty means unlimited.",
    )
    # Set by accounts.auth, which deletes the oldest of these keys.
    made_at_sign_in = models.BooleanField(default=False, db_default=False, editable=False)
    expiration_date = models.DateTimeField(null=True, blank=True)
    requests_used = models.BigIntegerField(default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["ApiKey"]] = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "api_keys_new"
        verbose_name = "API key"
        indexes = [
            models.Index(fields=["user"], name="idx_api_keys_new_user_id"),
            models.Index(
                fields=["user", "key_digest"],
                name="idx_api_keys_new_active",
                condition=models.Q(is_active=True),
            ),
            models.Index(fields=["user", "environment_tag"], name="idx_api_keys_new_environment"),
            models.Index(fields=["user", "-created_at"], name="idx_api_keys_new_created_at"),
            models.Index(
                fields=["expiration_date"],
                name="idx_api_keys_new_expiring",
                condition=models.Q(is_active=True, expiration_date__isnull=False),
            ),
            # For finding a key in the admin by what its user can read out.
            models.Index(Upper("key_name"), name="idx_api_keys_new_name"),
            models.Index(fields=["last_four"], name="idx_api_keys_new_last_four"),
            models.Index(
                fields=["previous_digest"],
                name="idx_api_keys_new_previous",
                condition=models.Q(previous_digest__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_requests__gte=1, max_requests__lte=MAX_LIMIT),
                name="api_keys_new_max_requests_bounded",
            ),
            # With `include` it is an index, which can be dropped and rebuilt by its name.
            models.UniqueConstraint(
                fields=["key_digest"], include=["id"], name="idx_api_keys_new_api_key"
            ),
            models.UniqueConstraint(
                fields=["user", "is_primary"],
                condition=models.Q(is_primary=True),
                name="idx_api_keys_new_primary",
                violation_error_message="This user already has a primary key.",
            ),
            models.UniqueConstraint(
                fields=["user", "key_name"],
                name="uniq_api_keys_new_user_name",
                violation_error_message="This user already has a key with that name.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_name} ({self.masked})"

    @property
    def masked(self) -> str:
        """The key as it may be shown, such as `gw_live_ab…wxyz`."""
        return key_format.mask(self.key_prefix, self.last_four)

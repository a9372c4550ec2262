"""Users, the owners of keys, sessions and activity."""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Upper
from django.db.models.lookups import IExact
from django.utils import timezone

from accounts.models.api_keys import ApiKey
from accounts.models.cached_rows import CachedRow, CachedRowQuerySet
from accounts.models.plans import FREE_PLAN_ID, Plan
from accounts.principals.email_addresses import canonical, validate_address


class AddressField(models.EmailField):
    """An e-mail address, converted to its canonical form when stored and when compared."""

    default_validators = [validate_address]

    def to_python(self, value: Any) -> str | None:
        return canonical(value) if isinstance(value, str) else None

    def get_prep_value(self, value: Any) -> Any:
        return canonical(value) if isinstance(value, str) else super().get_prep_value(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        address = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, address)
        return address


@AddressField.register_lookup
class SameAddress(IExact):
    """`email__iexact` on canonical addresses; the admin's searches use it too."""

    def get_prep_lookup(self) -> Any:
        return canonical(self.rhs) if isinstance(self.rhs, str) else super().get_prep_lookup()


# A hundred years; with more, a chat's expiry would overflow.
MAX_RETENTION_DAYS = 36_500


class UserQuerySet(CachedRowQuerySet["User"]):
    def active(self) -> Self:
        """Active users, in the order of their ids (idx_users_active)."""
        return self.filter(is_active=True).order_by("id")

    def with_email(self, email: str | None) -> Self:
        """The user with this e-mail address, in any spelling (idx_users_email).

        None finds users without an address.
        """
        return self.filter(email__iexact=email)

    def verified(self) -> Self:
        """Users whose e-mail address is verified to be theirs."""
        return self.exclude(email_verified_at=None)

    def unverified(self) -> Self:
        """Users whose e-mail address anybody may have entered."""
        return self.filter(email_verified_at=None)

    def named(self, given: str) -> Self:
        """The user with this id or e-mail address, as an operator names one."""
        return self.filter(pk=int(given)) if given.isdecimal() else self.with_email(given)

    def with_privy_id(self, privy_user_id: str) -> Self:
        """The user with this Privy id (idx_users_privy_id)."""
        return self.filter(privy_user_id=privy_user_id)

    def with_legacy_key(self, digests: list[str]) -> Self:
        """The user whose key of the old service has one of these digests (idx_users_api_key)."""
        return self.filter(legacy_key_digest__in=digests)

    def key_digests(self) -> set[str]:
        # Inactive keys are included: one may be activated at this very moment.
        keys = ApiKey.objects.filter(user__in=self.order_by().values("pk"))
        legacy = self.order_by().exclude(legacy_key_digest=None)
        return set(
            keys.values_list("key_digest", flat=True).union(
                keys.exclude(previous_digest=None).values_list("previous_digest", flat=True),
                legacy.values_list("legacy_key_digest", flat=True),
            )
        )


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user who logs in as `username`, which is always an e-mail address."""
        user: User = self.with_email(username or "").get()
        return user

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> "User":
        """Create a user; without a password, the user can only use API keys.

        The user name defaults to the e-mail address and is required without one.
        """
        address = None if email is None else canonical(email)
        user: User = self.model(email=address, **{"username": address, **fields})
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """Create a user who may do everything in the admin.

        The caller vouches for the address: a user who entered it without verifying it loses it.
        """
        self.with_email(email).unverified().update(email=None)
        return self.create_user(
            email,
            password,
            is_staff=True,
            is_superuser=True,
            email_verified_at=timezone.now(),
            **fields,
        )


class User(CachedRow, AbstractBaseUser, PermissionsMixin):
    CACHED_FIELDS = frozenset({"is_active", "is_staff", "legacy_key_digest", "plan", "plan_id"})

    # None for users who sign in with a wallet, and for adopted users whose address was not unique.
    email = AddressField(null=True, blank=True)
    email_verified_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the e-mail address was verified to be the user's. Empty: anybody may "
        "have entered it, so nothing is sent to it, and another user may claim it.",
    )
    username = models.CharField(max_length=254)
    name = models.CharField(
        max_length=255, default="", db_default="", blank=True, help_text="How to call the user."
    )
    # Clients store their own settings here, such as a theme; the service does not read them.
    settings = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True, editable=False
    )
    preferences = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True, editable=False
    )
    privy_user_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    legacy_key_digest = models.CharField(  # noqa: DJ001
        max_length=64,
        null=True,
        blank=True,
        editable=False,
        help_text="Digest of the key that the old service stored in this table.",
    )
    is_active = models.BooleanField(
        default=True, help_text="Deactivate the user to stop all of the user's keys."
    )
    is_staff = models.BooleanField(default=False, help_text="May log in to this admin.")
    chat_retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_RETENTION_DAYS)],
        help_text="Days that deleted chats stay in the trash; 0: for ever; empty: the default.",
    )
    delete_chats_after_days = models.IntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_RETENTION_DAYS)],
        help_text="Days after its last message in which a chat goes to the trash, unless it is "
        "pinned; empty: never.",
    )
    plan = models.ForeignKey(
        Plan,
        on_delete=models.PROTECT,
        related_name="users",
        default=FREE_PLAN_ID,
        # The previous release, which does not know the column, can still insert.
        db_default=FREE_PLAN_ID,
        # Nothing looks up the users of a plan.
        db_index=False,
    )
    erased_from = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When erasing the user was requested; a worker does it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        indexes = [
            # Loading a key's user reads only these columns, by an index-only scan.
            models.Index(
                fields=["id"], include=["is_active", "is_staff", "plan"], name="idx_users_id"
            ),
            models.Index(
                fields=["id"], condition=models.Q(is_active=True), name="idx_users_active"
            ),
            # For `email = 'x'` in SQL by hand and in reports.
            models.Index(fields=["email"], name="idx_users_email_exact"),
            # For finding users whose erasure is not finished.
            models.Index(
                fields=["erased_from"],
                condition=models.Q(erased_from__isnull=False),
                name="idx_users_erased_from",
            ),
            # For finding users whose old chats are deleted.
            models.Index(
                fields=["id"],
                condition=models.Q(delete_chats_after_days__isnull=False),
                name="idx_users_delete_chats",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(chat_retention_days__lte=MAX_RETENTION_DAYS),
                name="users_chat_retention_bounded",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    delete_chats_after_days__gte=1, delete_chats_after_days__lte=MAX_RETENTION_DAYS
                ),
                name="users_delete_chats_bounded",
            ),
            # With `include` these are indexes, which can be dropped and rebuilt by their names.
            models.UniqueConstraint(
                fields=["legacy_key_digest"], include=["id"], name="idx_users_api_key"
            ),
            # UPPER, because that is how Django's `iexact` compares.
            models.UniqueConstraint(
                Upper("email"),
                name="idx_users_email",
                violation_error_message="A user with this e-mail address already exists.",
            ),
            models.UniqueConstraint(
                fields=["username"],
                include=["id"],
                name="idx_users_username",
                violation_error_message="A user with this name already exists.",
            ),
            models.UniqueConstraint(
                fields=["privy_user_id"], include=["id"], name="idx_users_privy_id"
            ),
        ]

    @property
    def may_reset_password(self) -> bool:
        """Whether an e-mailed link may set the user's password.

        Not for staff: otherwise anybody who reads an operator's mail, or may change the address,
        would become an operator. A superuser or `manage.py changepassword` sets staff passwords.
        """
        return self.is_active and not self.is_staff and not self.is_superuser

    def __str__(self) -> str:
        return self.email or self.username

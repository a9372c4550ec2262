"""Admin pages of users."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.forms import UserCreationForm as UnfoldUserCreationForm

from accounts import audit
from accounts.admin.form_changes import changes_of
from accounts.confirmation.addresses import notify_old_address
from accounts.models import ActivityDay, ApiKey, Credit, Plan, User
from accounts.plans.usage import plan_usage
from accounts.profile.erasure import request_erasure
from accounts.users import end_access_given_by_operators
from gatewayz.admin_site.labels import set_labels
from gatewayz.admin_site.lists import BigTableAdmin, confirmed, found_or_newest
from gatewayz.admin_site.rights import is_superuser

SHOWN_KEYS = 20
USED_DAYS, SHOWN_MODELS = 30, 10

set_labels(User, email="e-mail", email_verified_at="e-mail verified at")

# Fields that only superusers may change.
STAFF_FIELDS = ("is_staff", "is_superuser", "groups", "password")


class UserCreationForm(UnfoldUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "username")


class PasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        with transaction.atomic():
            user: User = super().save(commit)
            audit.record("user_password_changed", user_id=user.pk)
        return user


@admin.register(User)
class UserAdmin(BigTableAdmin, DjangoUserAdmin):
    owner = ""
    add_form = UserCreationForm
    form = UserChangeForm
    # Outside the form of the user, because it has a form of its own.
    change_form_outer_before_template = "admin/accounts/user/overview.html"
    change_password_form = PasswordForm
    list_display = (
        "email",
        "email_is_verified",
        "username",
        "plan",
        "is_active",
        "is_staff",
        "created_at",
    )
    sortable_by = ("email", "username")
    list_filter = ("is_active", "is_staff", "plan")
    # get_search_results decides how these are searched.
    search_fields = ("email", "username", "privy_user_id")
    search_help_text = "Part of an e-mail address or name, or a Privy id"
    readonly_fields = ("email_verified_at", "last_login", "created_at", "updated_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("email", "email_verified_at"),
                    ("username", "privy_user_id"),
                    "plan",
                    "is_active",
                )
            },
        ),
        ("Chats", {"fields": (("chat_retention_days", "delete_chats_after_days"),)}),
        ("Staff", {"fields": STAFF_FIELDS}),
        ("Times", {"fields": (("created_at", "updated_at", "last_login"),)}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "username", "usable_password", "password1", "password2")}),
    )
    # Django's two lists side by side need a mouse, and there are few groups.
    filter_horizontal = ()
    in_palette = True
    actions = ("erase", "verify_address")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        # Each of these columns has an index.
        whole = queryset.filter(Q(email__iexact=term) | Q(username=term) | Q(privy_user_id=term))
        parts = Q(email__icontains=term) | Q(username__icontains=term) | Q(name__icontains=term)
        return found_or_newest(whole, queryset, parts), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("plan")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if is_superuser(request):
            return fieldsets
        return [(name, given) for name, given in fieldsets if name != "Staff"]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Deleting would list and delete all of the user's rows in one request. Deactivate the
        # user, which stops all keys, or erase it.
        return False

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Erasing needs the permission to delete users."""
        return DjangoUserAdmin.has_delete_permission(self, request)

    @admin.action(
        description="Erase the selected users and everything they own", permissions=["erase"]
    )
    @confirmed(
        "These users are deactivated immediately, and everything that they own is deleted: keys, "
        "chats, activity. This cannot be undone."
    )
    def erase(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(erased_from=None):
            request_erasure(user.pk)
        self.message_user(request, "Deactivated; a worker is erasing them.", messages.SUCCESS)

    @admin.display(description="verified", boolean=True)
    def email_is_verified(self, user: User) -> bool | None:
        return None if user.email is None else user.email_verified_at is not None

    @admin.action(
        description="Mark the e-mail addresses of the selected users as verified",
        permissions=["change"],
    )
    @confirmed(
        "You vouch that these addresses belong to these users. What this service has to tell them "
        "is sent there. This cannot be undone."
    )
    def verify_address(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        now = timezone.now()
        with transaction.atomic():
            users = queryset.filter(email__isnull=False, email_verified_at=None)
            ids = list(users.select_for_update(no_key=True).values_list("pk", flat=True))
            User.objects.filter(pk__in=ids).update(email_verified_at=now, updated_at=now)
            for user_id in ids:
                audit.record("address_verified", user_id=user_id)
        self.message_user(request, f"Verified: {len(ids)}.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if "email" in form.changed_data:
            if obj.email_verified_at is not None:
                notify_old_address(form.initial["email"])
            # Staff who may change users vouch for the addresses that they enter.
            obj.email_verified_at = timezone.now() if obj.email else None
        if change and not form.changed_data:
            return
        super().save_model(request, obj, form, change)
        becomes_staff = {"is_staff", "is_superuser"}.intersection(form.changed_data)
        if change and becomes_staff and (obj.is_staff or obj.is_superuser):
            self._end_operators_access(request, obj)
        before, after = changes_of(form)
        audit.record(
            "user_changed" if change else "user_created",
            user_id=obj.pk,
            before=before if change else None,
            after=after,
        )

    def _end_operators_access(self, request: HttpRequest, user: User) -> None:
        """End the access that operators had to the account of a user who becomes staff."""
        if end_access_given_by_operators(user):
            self.message_user(
                request,
                "An operator has changed this account before, so its keys and its password have "
                "been deactivated. Set a new password, check the e-mail address and mark it as "
                "verified.",
                messages.WARNING,
            )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        user = context.get("original")
        if user and request.user.has_perm("accounts.view_apikey"):
            context["newest_keys"] = ApiKey.objects.filter(user=user).newest_first()[:SHOWN_KEYS]
        if user:
            context["limits"] = _distances(user)
            context["may_act"] = self.may_act_on(request, user)
            context["may_erase"] = context["may_act"] and self.has_erase_permission(request)
            context["checkbox"] = ACTION_CHECKBOX_NAME
            context["used_days"] = USED_DAYS
            context["used"] = _used(user)
            if request.user.has_perm("accounts.view_credit"):
                context["balance"] = Credit.objects.filter(user=user).balance()
        return super().render_change_form(request, context, *args, **options)


def _used(user: User) -> list[dict[str, Any]]:
    """Return what the user used in the last USED_DAYS days (UTC), by model. One statement."""
    first = datetime.now(UTC).date() - timedelta(days=USED_DAYS - 1)
    days = ActivityDay.objects.filter(user_id=user.pk).in_days(first, None)
    return list(days.heaviest("model")[:SHOWN_MODELS])


def _distances(user: User) -> list[tuple[str, int, int | None, int]]:
    """Return what the user's plan limits: name, used, limit and percent. One statement."""
    usage = plan_usage(user.pk, cast("Plan", user.plan))
    return [
        (
            name.replace("_", " "),
            used,
            usage["limits"][name],
            min(100, 100 * used // usage["limits"][name]) if usage["limits"][name] else 0,
        )
        for name, used in usage["usage"].items()
    ]

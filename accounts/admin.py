"""Users, API keys and activity for operators."""

import json
import logging
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django_q.models import Failure, Schedule, Success
from redis.exceptions import RedisError
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.forms import UserCreationForm as UnfoldUserCreationForm

# Each registers its own.
import accounts.notifications.admin
import accounts.plans.admin
import accounts.referrals.admin  # noqa: F401
from accounts import audit, keys
from accounts.activity import dead_letters
from accounts.activity.health import activity_stats
from accounts.models import (
    ActivityDeadLetter,
    ActivityEvent,
    ApiKey,
    AuditEntry,
    AuditPersonalData,
    User,
)
from accounts.profile.erasure import request_erasure
from gatewayz.admin_lists import BigTableAdmin, ReadOnlyAdmin

logger = logging.getLogger(__name__)

SHOWN_KEYS = 20


class UserCreationForm(UnfoldUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "username")


class PasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        with transaction.atomic():
            user: User = super().save(commit)
            audit.record(
                "user_password_changed", user_id=user.pk, target=audit.user_target(user.pk)
            )
        return user


@admin.register(User)
class UserAdmin(BigTableAdmin, DjangoUserAdmin):
    add_form = UserCreationForm
    form = UserChangeForm
    change_password_form = PasswordForm
    list_display = ("email", "username", "plan", "is_active", "is_staff", "created_at")
    list_select_related = ("plan",)
    list_filter = ("is_active", "is_staff", "plan")
    # Whole values only: each has an index of its own.
    search_fields = ("email__iexact", "username__exact", "privy_user_id__exact")
    search_help_text = "A whole e-mail address, user name or Privy id"
    readonly_fields = ("api_keys", "last_login", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("email", "username", "privy_user_id", "password")}),
        ("Plan", {"fields": ("plan",)}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("API keys", {"fields": ("api_keys",)}),
        ("Chats", {"fields": ("chat_retention_days",)}),
        ("Times", {"fields": ("created_at", "updated_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "username", "usable_password", "password1", "password2")}),
    )
    filter_horizontal = ("groups",)
    actions = ("erase",)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # It would list, and delete in one request, all that the user ever did. Switch the user
        # off, which ends all of its keys, or erase it.
        return False

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Who has the permission that deleting users would need."""
        return DjangoUserAdmin.has_delete_permission(self, request)

    @admin.action(description="Erase the selected users and all they own", permissions=["erase"])
    def erase(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        users = queryset.filter(erased_from=None)
        if "confirmed" not in request.POST:
            return TemplateResponse(
                request,
                "admin/accounts/user/erase.html",
                {
                    **self.admin_site.each_context(request),
                    "title": "Erase users",
                    "opts": self.opts,
                    "users": users,
                    "checkbox": ACTION_CHECKBOX_NAME,
                },
            )
        for user in users:
            request_erasure(user.pk)
        self.message_user(request, "Switched off; a worker erases them now.", messages.SUCCESS)
        return None

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        before, after = _changes(form)
        audit.record(
            "user_changed" if change else "user_created",
            user_id=obj.pk,
            target=audit.user_target(obj.pk),
            before=before if change else None,
            after=after,
        )

    @admin.display(description="newest keys")
    def api_keys(self, user: User) -> SafeString:
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}">{}</a> <code>{}</code> {}',
            (
                (
                    reverse("admin:accounts_apikey_change", args=[key.pk]),
                    key.key_name,
                    key.masked,
                    "" if key.is_active else "(off)",
                )
                for key in ApiKey.objects.filter(user=user).newest_first()[:SHOWN_KEYS]
            ),
        )


class ApiKeyForm(forms.ModelForm):
    class Meta:
        model = ApiKey
        fields = (
            "user",
            "key_name",
            "environment_tag",
            "scope_permissions",
            "ip_allowlist",
            "domain_referrers",
            "max_requests",
            "expiration_date",
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # What is emptied is no limit, and not no value.
        for name, nothing in (
            ("scope_permissions", {}),
            ("ip_allowlist", []),
            ("domain_referrers", []),
        ):
            if name in cleaned:
                cleaned[name] = cleaned[name] or nothing
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # The user is not in the form of a key that is there, but its name is unique per user.
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"user"}


@admin.register(ApiKey)
class ApiKeyAdmin(BigTableAdmin):
    form = ApiKeyForm
    list_display = (
        "key_name",
        "masked",
        "user",
        "environment_tag",
        "is_active",
        "is_primary",
        "requests_used",
        "last_used_at",
        "expiration_date",
    )
    list_filter = ("is_active", "environment_tag")
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    autocomplete_fields = ("user",)
    actions = ("rotate", "rotate_with_grace", "revoke", "activate")
    made_by_service = (
        "masked",
        "previous_expires_at",
        "is_active",
        "is_primary",
        "requests_used",
        "last_used_at",
        "created_at",
        "updated_at",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple:
        # A key stays with its user and its environment, which is part of its text.
        return ("user", "environment_tag", *self.made_by_service) if obj else ()

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple:
        if obj is None:
            return ApiKeyForm.Meta.fields
        return (*ApiKeyForm.Meta.fields, *self.made_by_service)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            # Only what was edited: the rest may have changed since the form was opened.
            keys.update_key(obj, {name: form.cleaned_data[name] for name in form.changed_data})
            return
        fields = ApiKeyForm.Meta.fields[1:]
        key, secret = keys.create_key(obj.user, **{name: getattr(obj, name) for name in fields})
        obj.pk = key.pk
        obj.refresh_from_db()
        request.new_secrets = [(obj, secret)]  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secrets(request, request.new_secrets)  # type: ignore[attr-defined]

    @admin.action(description="Rotate: give the selected keys new secrets", permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        # All or none: what is rotated must be shown.
        with transaction.atomic():
            rotated = [(key, keys.rotate_key(key)) for key in queryset.select_related("user")]
        return self._show_secrets(request, rotated)

    @admin.action(
        description="Rotate, and let the old secrets work for another day", permissions=["change"]
    )
    def rotate_with_grace(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        with transaction.atomic():
            rotated = [
                (key, keys.rotate_key(key, grace_seconds=86_400))
                for key in queryset.select_related("user")
            ]
        return self._show_secrets(request, rotated)

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        keys.delete_key(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            for key in queryset:
                keys.delete_key(key)

    @admin.action(description="Deactivate the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = 0
        for key in queryset:
            keys.revoke_key(key)
            count += 1
        self.message_user(request, f"{count} keys deactivated.", messages.SUCCESS)

    @admin.action(description="Activate the selected keys", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            count = queryset.update(is_active=True, updated_at=timezone.now())
            for key in queryset:
                audit.record(
                    "key_activated",
                    user_id=key.user_id,
                    target=audit.key_target(key.pk),
                    after={"is_active": True},
                )
        self.message_user(request, f"{count} keys activated.", messages.SUCCESS)

    def _show_secrets(
        self, request: HttpRequest, new_secrets: list[tuple[ApiKey, str]]
    ) -> HttpResponse:
        """The only page that ever shows them: not a redirect, so that nothing stores them."""
        return TemplateResponse(
            request,
            "admin/accounts/apikey/secrets.html",
            {
                **self.admin_site.each_context(request),
                "title": "New API keys",
                "opts": self.opts,
                "new_secrets": new_secrets,
            },
            headers={"Cache-Control": "no-store"},
        )


@admin.register(ActivityEvent)
class ActivityEventAdmin(ReadOnlyAdmin):
    # Above the list, how the writing of it fares.
    list_before_template = "admin/accounts/activityevent/health.html"
    list_display = ("timestamp", "user", "app", "finish_reason", "model", "tokens", "cost")
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    fields = (
        "event_id",
        "timestamp",
        "user",
        "api_key_number",
        "app",
        "finish_reason",
        "model",
        "provider",
        "tokens",
        "cost",
        "speed",
        "shown_metadata",
    )
    readonly_fields = fields

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            stats = activity_stats()
        except RedisError:
            logger.warning("The activity buffer does not answer", exc_info=True)
            stats = None
        return super().changelist_view(request, {**(extra_context or {}), "stats": stats})

    @admin.display(description="API key")
    def api_key_number(self, event: ActivityEvent) -> str:
        # Not the key itself, which may be gone.
        return f"#{event.api_key_id}" if event.api_key_id else "-"

    @admin.display(description="metadata")
    def shown_metadata(self, event: ActivityEvent) -> SafeString:
        return format_html("<pre>{}</pre>", _pretty_json(event.metadata))


@admin.register(ActivityDeadLetter)
class ActivityDeadLetterAdmin(ReadOnlyAdmin):
    list_display = ("set_aside_at", "shown_error", "shown_event")
    fields = ("set_aside_at", "error", "whole_event")
    readonly_fields = fields
    actions = ("requeue",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return BigTableAdmin.has_delete_permission(self, request, obj)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """Who may delete dead letters may have them written instead."""
        return self.has_delete_permission(request)

    @admin.action(description="Queue the selected events again", permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[ActivityDeadLetter]) -> None:
        try:
            count = dead_letters.requeue(queryset.iterator())
        except RedisError:
            logger.warning("Dead letters could not be queued again", exc_info=True)
            self.message_user(request, "Redis does not answer: try again.", messages.ERROR)
            return
        self.message_user(
            request,
            f"{count} events queued again. One that is still refused comes back to this list.",
            messages.SUCCESS,
        )

    @admin.display(description="error")
    def shown_error(self, letter: ActivityDeadLetter) -> str:
        return Truncator(letter.error).chars(100)

    @admin.display(description="event")
    def shown_event(self, letter: ActivityDeadLetter) -> str:
        return Truncator(_text(letter.event)).chars(100)

    @admin.display(description="event")
    def whole_event(self, letter: ActivityDeadLetter) -> SafeString:
        return format_html(
            '<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>',
            _text(letter.event),
        )


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "action", "target", "user_id", "channel", "actor_user_id")
    list_filter = ("channel",)
    # Whole values, each with an index. A filter by action would read all actions of the log.
    search_fields = ("user_id__exact", "action__exact")
    search_help_text = "The id of the user whose it is, or a whole action such as key_rotated"
    fields = (
        "created_at",
        "action",
        "target",
        "user_id",
        "channel",
        "actor_user_id",
        "actor_key_id",
        "request_id",
        "shown_before",
        "shown_after",
        "personal_data",
    )
    readonly_fields = fields

    @admin.display(description="before")
    def shown_before(self, entry: AuditEntry) -> SafeString:
        return format_html("<pre>{}</pre>", _pretty_json(entry.before))

    @admin.display(description="after")
    def shown_after(self, entry: AuditEntry) -> SafeString:
        return format_html("<pre>{}</pre>", _pretty_json(entry.after))

    @admin.display(description="personal data, by user")
    def personal_data(self, entry: AuditEntry) -> SafeString:
        data = AuditPersonalData.objects.filter(entry_id=entry.pk)
        by_user = {row.user_id: json.loads(row.content) for row in data}
        return format_html("<pre>{}</pre>", _pretty_json(by_user))


def _changes(form: forms.ModelForm) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a form has changed, before and after, for the audit log."""
    return (
        {name: _audited(form.initial.get(name)) for name in form.changed_data},
        {name: _audited(form.cleaned_data.get(name)) for name in form.changed_data},
    )


def _audited(value: Any) -> Any:
    """A field's value, with ids in the place of rows."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, (list, QuerySet)):
        return [_audited(inner) for inner in value]
    return value


def _text(event: bytes | memoryview) -> str:
    """An event as operators may read it; what is no text in it is escaped."""
    return bytes(event).decode(errors="backslashreplace").replace("\x00", "\\x00")


def _pretty_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Who may do what in this admin; see `manage.py staff_groups`."""


admin.site.unregister([Failure, Schedule, Success])


@admin.register(Failure)
class FailureAdmin(ReadOnlyAdmin):
    """Tasks that failed. Those of this service are all repeated by a schedule."""

    list_display = ("name", "func", "started", "attempt_count", "shown_result")
    fields = ("name", "func", "started", "stopped", "attempt_count", "whole_result")
    readonly_fields = fields
    ordering = ("-started",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return BigTableAdmin.has_delete_permission(self, request, obj)

    @admin.display(description="error")
    def shown_result(self, task: Failure) -> str:
        return Truncator(str(task.result)).chars(100)

    @admin.display(description="error")
    def whole_result(self, task: Failure) -> SafeString:
        return format_html("<pre>{}</pre>", str(task.result))


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """What the workers do by the clock. Migrations make them: a schedule may call anything."""

    list_display = ("name", "func", "schedule_type", "minutes", "next_run")
    fields = ("name", "func", "schedule_type", "minutes", "repeats", "next_run")
    readonly_fields = fields
    ordering = ("name",)

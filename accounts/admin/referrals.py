"""Admin pages of referrals and credits."""

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import Credit, Referral, ReferralCode, User
from gatewayz.admin_site.lists import BigTableAdmin, ReadOnlyAdmin, RowsOfUsersAdmin, linked
from gatewayz.templatetags.words import in_words


@admin.register(ReferralCode)
class ReferralCodeAdmin(RowsOfUsersAdmin):
    """Users create codes; operators can change how often one may be used."""

    list_display = ("code", linked("user"), "max_uses", "created_at")
    sortable_by = ("code",)
    search_fields = ("code__exact", "user__email__iexact")
    search_help_text = "A whole code or the user's whole e-mail address"
    fields = ("user", "code", "max_uses", "created_at")
    readonly_fields = ("user", "code", "created_at")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return BigTableAdmin.has_change_permission(self, request, obj)


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    owner = "referrer"
    list_display = (
        "created_at",
        linked("referrer"),
        linked("referred_user"),
        "bonus",
        "completed_at",
    )
    list_select_related = ("referrer", "referred_user")
    search_fields = ("referrer__email__iexact", "referred_user__email__iexact")
    search_help_text = "The whole e-mail address of one of the two"


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    """The ledger of credits, whose rows the database protects from changes."""

    owner = "user"
    list_display = ("created_at", "linked_user", "amount", "reason_in_words", "linked_cause")
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    fields = ("linked_user", "amount", "reason_in_words", "linked_cause", "created_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credit]:
        # Not by a join, which would leave out the credits of users who have been erased.
        owner = User.objects.filter(pk=OuterRef("user_id"))
        name = owner.values_list(Coalesce("email", "username"))
        rows: QuerySet[Credit] = super().get_queryset(request)
        return rows.annotate(user_name=Subquery(name))

    @admin.display(description="user")
    def linked_user(self, credit: Credit) -> str:
        name: str | None = credit.user_name  # type: ignore[attr-defined]
        if name is None:
            return f"User {credit.user_id}, erased"
        page = reverse("admin:accounts_user_change", args=[credit.user_id])
        return format_html('<a class="gw-link" href="{}"><bdi>{}</bdi></a>', page, name)

    @admin.display(description="cause")
    def linked_cause(self, credit: Credit) -> str:
        kind, _, number = credit.cause.partition(":")
        if kind != "referral":
            return credit.cause
        page = reverse("admin:accounts_referral_change", args=[number])
        return format_html('<a class="gw-link" href="{}">Referral {}</a>', page, number)

    @admin.display(description="reason")
    def reason_in_words(self, credit: Credit) -> str:
        return in_words(credit.reason)

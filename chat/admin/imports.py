"""Admin page of imports of long files, which operators can cancel."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import audit
from chat.models import ChatImport
from chat.transfer import jobs
from gatewayz.admin_site.lists import BigTableAdmin, ReadOnlyAdmin, confirmed, linked


@admin.register(ChatImport)
class ChatImportAdmin(ReadOnlyAdmin):
    owner = "user"
    is_private = True
    list_display = ("file", linked("user"), "state", "done", "counts", "created_at")
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    order_of_user = ("-pk",)
    search_help_text = "The user's whole e-mail address"
    actions = ("cancel",)
    # What a file says is for its owner: neither its places nor the errors are shown.
    fields = (
        ("user", "file_name", "size_bytes"),
        ("state", "done", "counts"),
        "reason",
        ("created_at", "updated_at", "finished_at"),
    )
    readonly_fields = ("done", "counts")

    @admin.display(description="file")
    def file(self, job: ChatImport) -> str:
        return str(job)

    @admin.display(description="progress")
    def done(self, job: ChatImport) -> str:
        return f"{100 * job.progress:.0f} %"

    @admin.display(description="conversations")
    def counts(self, job: ChatImport) -> str:
        return jobs.counted(job)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Staff who may change imports may cancel them."""
        return BigTableAdmin.has_change_permission(self, request)

    @admin.action(description="Cancel the selected imports", permissions=["cancel"])
    @confirmed("These imports end. What they have imported stays. This cannot be undone.")
    def cancel(self, request: HttpRequest, queryset: QuerySet[ChatImport]) -> None:
        with transaction.atomic():
            unfinished = ChatImport.objects.filter(
                pk__in=queryset.values("pk"), state__in=ChatImport.UNFINISHED
            )
            ended = list(unfinished.select_for_update(no_key=True).values_list("pk", "user_id"))
            for job_id, user_id in ended:
                audit.record(
                    "import_cancelled",
                    user_id=user_id,
                    target=f"chatimport:{job_id}",
                    after={"state": ChatImport.State.CANCELLED.value},
                )
            jobs.cancel(ChatImport.objects.filter(pk__in=[job_id for job_id, _ in ended]))
        self.message_user(request, f"{len(ended)} imports cancelled.", messages.SUCCESS)

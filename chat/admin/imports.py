"""Admin page of imports of long files, which operators can begin and cancel."""

from http import HTTPStatus

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from rest_framework.exceptions import APIException

from accounts import audit
from accounts.principals.principal import Principal
from chat.admin.permitted_user import permitted_user
from chat.models import ChatImport
from chat.transfer import jobs
from chat.transfer.uploads import LINES_SUFFIXES, spool_file
from gatewayz.admin_site.lists import RowsOfUsersAdmin, confirmed, linked
from gatewayz.api.problems import problem_response
from gatewayz.request.long_bodies import FILE_TYPE

RIGHTS = ("accounts.change_user", "chat.change_chatimport")


@require_POST
def import_for_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """Begin the import of the body, a file called `name`, for a user, and audit it.

    Answers the script of the user's page with the path of the import, or with a problem. Raises
    as `permitted_user` does.
    """
    user = permitted_user(request, user_id, RIGHTS)
    if request.content_type != FILE_TYPE:
        return problem_response(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", f"Send {FILE_TYPE}."
        )
    name = request.GET.get("name", "")
    try:
        digest = spool_file(request, user.pk, name, are_lines=name.endswith(LINES_SUFFIXES))
    except APIException as error:
        return problem_response(error.status_code, error.default_code, str(error.detail))
    with transaction.atomic():
        job, is_new = jobs.submit(Principal.without_key(user.pk), digest)
        if is_new:
            audit.record(
                "import_begun",
                user_id=user.pk,
                target=f"chatimport:{job.pk}",
                after={"size_bytes": job.size_bytes},
            )
    return JsonResponse({"page": reverse("admin:chat_chatimport_change", args=[job.pk])})


# See gatewayz.middleware.whole_bodies.
import_for_user.takes_long_bodies = True  # type: ignore[attr-defined]


@admin.register(ChatImport)
class ChatImportAdmin(RowsOfUsersAdmin):
    is_private = True
    list_display = ("file", linked("user"), "state", "done", "counts", "created_at")
    list_filter = ("state",)
    order_of_user = ("-pk",)
    actions = ("cancel",)
    # The places and errors of an import quote the file, which only its owner may read.
    fields = (
        ("user", "file_name", "size_bytes"),
        ("state", "done", "counts"),
        "reason",
        ("created_at", "updated_at", "finished_at"),
    )
    readonly_fields = ("done", "counts")

    def get_urls(self) -> list[URLPattern]:
        begin = self.admin_site.admin_view(import_for_user)
        return [path("of/<int:user_id>/", begin, name="chat_import"), *super().get_urls()]

    @admin.display(description="file")
    def file(self, job: ChatImport) -> str:
        return str(job)

    @admin.display(description="progress")
    def done(self, job: ChatImport) -> str:
        return f"{100 * job.progress:.0f} %"

    @admin.display(description="conversations")
    def counts(self, job: ChatImport) -> str:
        return jobs.counted(job)

    @admin.action(description="Cancel the selected imports", permissions=["act"])
    @confirmed("These imports end. Chats that are already imported stay. This cannot be undone.")
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
        self.message_user(request, f"Cancelled: {len(ended)}.", messages.SUCCESS)

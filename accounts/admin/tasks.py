"""Admin pages of the worker's schedules and failed tasks."""

import django_q.admin  # noqa: F401, registers what is replaced here
from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django_q.models import Failure, Schedule, Success

from accounts.admin.deletable_rows import DeletableRowsAdmin
from accounts.admin.json_display import as_text
from gatewayz.admin_site.labels import set_labels
from gatewayz.admin_site.lists import ReadOnlyAdmin

set_labels(Schedule, schedule_type="schedule type", next_run="next run")
admin.site.unregister([Failure, Schedule, Success])


@admin.register(Failure)
class FailureAdmin(DeletableRowsAdmin):
    """Tasks that failed. A schedule repeats each of this service's tasks."""

    deleted_action = "failed_tasks_deleted"
    list_display = ("name", "func", "started", "attempt_count", "shown_result")
    fields = ("name", "func", "started", "stopped", "attempt_count", "whole_result")
    readonly_fields = fields
    ordering = ("-started",)

    @admin.display(description="error")
    def shown_result(self, task: Failure) -> str:
        return Truncator(str(task.result)).chars(100)

    @admin.display(description="error")
    def whole_result(self, task: Failure) -> SafeString:
        return as_text(str(task.result))


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """The worker's schedules, read-only, because a schedule can call any function."""

    owner = None
    list_display = ("name", "func", "schedule_type", "minutes", "next_run")
    fields = ("name", "func", "schedule_type", "minutes", "repeats", "next_run")
    readonly_fields = fields
    ordering = ("name",)

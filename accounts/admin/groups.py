"""Admin pages of staff groups."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from gatewayz.admin_site.lists import BigTableAdmin
from gatewayz.admin_site.rights import is_superuser

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BigTableAdmin, DjangoGroupAdmin):
    """Groups and their permissions in the admin; see `manage.py staff_groups`.

    Only superusers change groups: other staff could extend their own rights.
    """

    owner = None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        # Django lists every permission and member of a group as a row of its own.
        shown = [f"{group}, with its permissions; its members lose them" for group in objs]
        return shown, {self.opts.verbose_name_plural: len(shown)}, set(), []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

"""Groups of staff in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group

from gatewayz.admin_site.lists import BigTableAdmin

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BigTableAdmin, DjangoGroupAdmin):
    """Who may do what in this admin; see `manage.py staff_groups`."""

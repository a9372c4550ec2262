"""The rights of staff, read in one statement."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class StaffBackend(ModelBackend):
    """Django's backend, which takes two statements: one for the user, one for the groups."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser or obj:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            # Where Django keeps them, for as long as it keeps the user.
            user_obj._perm_cache = {f"{app}.{name}" for app, name in _rights(user_obj)}
        rights: set[str] = user_obj._perm_cache
        return rights


def _rights(user: Any) -> Any:
    names = ("content_type__app_label", "codename")
    own, of_groups = (
        Permission.objects.filter(**{path: user}).order_by().values_list(*names)
        for path in ("user", "group__user")
    )
    return own.union(of_groups)

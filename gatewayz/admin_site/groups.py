"""The two groups of staff who are no superusers: who looks, and who acts too."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

SUPPORT, OPERATORS = "Support", "Operators"

# Whoever is in a group may view all of these applications that the admin shows. No page of them
# shows a secret.
_VIEWED_APPS = ("accounts", "chat", "django_q")

# What operators may do besides. To delete a user is to erase it.
_ACTIONS = {
    "accounts": {
        *("add_user", "change_user", "delete_user"),
        *("add_apikey", "change_apikey", "delete_apikey"),
        *("add_ratelimitconfig", "change_ratelimitconfig", "delete_ratelimitconfig"),
        "change_plan",
        "change_referralcode",
        "delete_activitydeadletter",
    },
    "chat": {"change_share"},
    "django_q": {"delete_failure"},
}


def make_staff_groups() -> None:
    """Make the groups, and give each exactly its rights; any number of times."""
    views = Q(content_type__app_label__in=_VIEWED_APPS, codename__startswith="view_")
    actions = Q()
    for app, codenames in _ACTIONS.items():
        actions |= Q(content_type__app_label=app, codename__in=codenames)
    with transaction.atomic():
        for name, rights in ((SUPPORT, views), (OPERATORS, views | actions)):
            group, _ = Group.objects.get_or_create(name=name)
            group.permissions.set(Permission.objects.filter(rights))

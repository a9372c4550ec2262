"""The two groups of staff without superuser rights: support may view, operators may also act."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

SUPPORT, OPERATORS = "Support", "Operators"

# Both groups may view everything in these applications. None of their pages shows a secret.
_VIEWED_APPS = ("accounts", "chat", "django_q")

# Further rights of operators. Deleting a user erases their personal data.
_ACTIONS = {
    "accounts": {
        *("add_user", "change_user", "delete_user"),
        *("add_apikey", "change_apikey", "delete_apikey"),
        *("add_ratelimitconfig", "change_ratelimitconfig", "delete_ratelimitconfig"),
        *("change_plan", "change_notification"),
        "change_referralcode",
        "delete_activitydeadletter",
    },
    "chat": {"change_share", "change_chatsession", "change_chatimport"},
    "django_q": {"delete_failure"},
}


def make_staff_groups() -> None:
    """Create the groups if necessary, and set their rights. May be repeated."""
    views = Q(content_type__app_label__in=_VIEWED_APPS, codename__startswith="view_")
    actions = Q()
    for app, codenames in _ACTIONS.items():
        actions |= Q(content_type__app_label=app, codename__in=codenames)
    with transaction.atomic():
        for name, rights in ((SUPPORT, views), (OPERATORS, views | actions)):
            group, _ = Group.objects.get_or_create(name=name)
            group.permissions.set(Permission.objects.filter(rights))

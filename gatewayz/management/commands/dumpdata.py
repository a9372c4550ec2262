"""manage.py dumpdata: Django's command for single models; not a backup."""

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands import dumpdata

# Tables that `loaddata` could not restore, because triggers reject writes by hand.
_APPEND_ONLY = frozenset(
    {"audit_log", "audit_chain", "audit_head", "audit_personal_data", "credits"}
)


class Command(dumpdata.Command):
    help = (
        "Write the rows of the named models as a fixture for `loaddata`. It is not a backup; "
        "see `backup`."
    )

    def handle(self, *app_labels: str, **options: Any) -> None:
        if not app_labels:
            raise CommandError(
                "a fixture of everything could not be loaded, because the audit log is append-"
                "only: use `manage.py backup FILE`, or name models, such as accounts.plan"
            )
        rejected = sorted(label for label in app_labels if _tables(label) & _APPEND_ONLY)
        if rejected:
            raise CommandError(
                f"{', '.join(rejected)} has append-only tables, which `loaddata` could not write: "
                "use `manage.py backup FILE`, or name other models"
            )
        super().handle(*app_labels, **options)


def _tables(label: str) -> set[str]:
    """The tables of an app (`accounts`) or a model (`accounts.plan`)."""
    app, _, model = label.partition(".")
    try:
        models = [apps.get_model(label)] if model else apps.get_app_config(app).get_models()
    except LookupError:
        return set()  # Django's own command reports it
    return {model._meta.db_table for model in models}

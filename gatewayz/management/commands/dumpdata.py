"""manage.py dumpdata: Django's, for some rows; it is no backup."""

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands import dumpdata

# Their triggers let nobody write them by hand, so `loaddata` could not bring them back.
_ONLY_ADDED_TO = frozenset(
    {"audit_log", "audit_chain", "audit_head", "audit_personal_data", "credits"}
)


class Command(dumpdata.Command):
    help = (
        "Write the rows of the models that are named, as a fixture for `loaddata`. It is no "
        "backup: see `backup`."
    )

    def handle(self, *app_labels: str, **options: Any) -> None:
        if not app_labels:
            raise CommandError(
                "a fixture of everything could not be loaded again, since the audit log is only "
                "ever added to: use `manage.py backup FILE`, or name models, such as accounts.plan"
            )
        refused = sorted(label for label in app_labels if _tables(label) & _ONLY_ADDED_TO)
        if refused:
            raise CommandError(
                f"{', '.join(refused)} holds tables that are only ever added to, which `loaddata` "
                "could not write: use `manage.py backup FILE`, or name other models"
            )
        super().handle(*app_labels, **options)


def _tables(label: str) -> set[str]:
    """The tables of an app (`accounts`) or a model (`accounts.plan`)."""
    app, _, model = label.partition(".")
    try:
        models = [apps.get_model(label)] if model else apps.get_app_config(app).get_models()
    except LookupError:
        return set()  # Django's own command names it
    return {model._meta.db_table for model in models}

"""Labels of fields in the admin, where those of Django or a library are spelled otherwise."""

from django.db.models import Model


def set_labels(model: type[Model], **labels: str) -> None:
    """Label fields of `model`, by name. Migrations compare what it declares, and do not notice."""
    for name, label in labels.items():
        model._meta.get_field(name).verbose_name = label  # type: ignore[union-attr]

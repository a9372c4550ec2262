"""The changes made in an admin form, in the form that the audit log takes."""

from typing import Any

from django import forms
from django.db.models import Model, QuerySet


def changes_of(form: forms.ModelForm) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the changed fields' values before and after, with ids in place of rows."""
    return (
        {name: _audited(form.initial.get(name)) for name in form.changed_data},
        {name: _audited(form.cleaned_data.get(name)) for name in form.changed_data},
    )


def _audited(value: Any) -> Any:
    """Return a field's value with ids in place of rows."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, (list, QuerySet)):
        return [_audited(inner) for inner in value]
    return value

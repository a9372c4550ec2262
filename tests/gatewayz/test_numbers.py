"""Every number that a person can set has a largest value, far from where sums overflow."""

import pytest
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.db import IntegrityError, models, transaction
from django.test import Client, RequestFactory

from accounts.models import ApiKey, Plan, RateLimitConfig, User
from accounts.principals.principal import MAX_LIMIT

# Fields in calculations: with hundredths of them, and with sums over many rows in 64 bits.
ROOM = 2**63 // 1_000_000


def numbers(schema, name="body"):
    """By its name, the schema of each number within `schema`; not of JSON that is only kept."""
    types = set(_listed(schema.get("type")))
    if types & {"integer", "number"} and "object" not in types:
        yield name, schema
    for key, inner in schema.get("properties", {}).items():
        yield from numbers(inner, f"{name}.{key}")
    for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from numbers(part, name)
    if isinstance(schema.get("items"), dict):
        yield from numbers(schema["items"], f"{name}[]")


def _listed(types):
    return types if isinstance(types, list) else [types]


def resolved(value, schemas):
    """`value` with what it refers to in its place."""
    if isinstance(value, list):
        return [resolved(inner, schemas) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return resolved(schemas[value["$ref"].rpartition("/")[2]], schemas)
    return {key: resolved(inner, schemas) for key, inner in value.items()}


# Taken whatever they are, and bounded before they are used.
CLAMPED = {"post /v1/chat/search.limit"}


def test_every_number_of_the_api_has_a_maximum():
    described = Client().get("/v1/schema").json()
    schemas = described["components"]["schemas"]
    taken = []
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    taken += numbers(resolved(parameter["schema"], schemas), parameter["name"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found = numbers(resolved(content["schema"], schemas), f"{method} {path}")
                taken += found

    assert len(taken) > 20
    unbounded = {
        name
        for name, schema in taken
        # Ids are compared and never calculated with.
        if not name.rpartition(".")[2].endswith(("_id", "_ids[]", "before", "after"))
        and not name.endswith(".id")
        and name not in CLAMPED
        and not abs(schema.get("maximum", float("inf"))) <= ROOM
    }
    assert unbounded == set()


def largest_of(field):
    """The largest value that a form takes for a field of a model."""
    if isinstance(field, models.DecimalField):
        return 10 ** (field.max_digits - field.decimal_places)
    bounds = [v.limit_value for v in field.validators if isinstance(v, MaxValueValidator)]
    return min(bounds, default=float("inf"))


@pytest.mark.django_db
def test_every_number_of_an_admin_form_has_a_maximum():
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    entered = {
        model._meta.get_field(name)
        for model, page in admin.site._registry.items()
        for change, is_allowed in (
            (False, page.has_add_permission),
            (True, page.has_change_permission),
        )
        if is_allowed(request)
        for name in page.get_form(request, model() if change else None, change=change).base_fields
        if name in {field.name for field in model._meta.fields}
    }
    largest = {
        field: largest_of(field)
        for field in entered
        if isinstance(field, (models.IntegerField, models.DecimalField, models.FloatField))
    }

    assert len(largest) > 15
    assert {field for field, number in largest.items() if number > ROOM} == set()


@pytest.mark.django_db
def test_the_database_rejects_larger_numbers(user, key):
    RateLimitConfig.objects.create(api_key=key)
    for rows, change in (
        (ApiKey.objects.filter(pk=key.pk), {"max_requests": MAX_LIMIT + 1}),
        (ApiKey.objects.filter(pk=key.pk), {"max_requests": 0}),
        (RateLimitConfig.objects.filter(pk=key.pk), {"tokens_per_day": MAX_LIMIT + 1}),
        (Plan.objects.filter(pk=user.plan_id), {"monthly_request_limit": MAX_LIMIT + 1}),
        (User.objects.filter(pk=user.pk), {"chat_retention_days": 36_501}),
        (User.objects.filter(pk=user.pk), {"delete_chats_after_days": 0}),
        (User.objects.filter(pk=user.pk), {"delete_chats_after_days": 36_501}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)

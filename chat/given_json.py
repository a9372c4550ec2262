"""JSON that comes back as given: the order of its names, and the spelling of its numbers."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Json, set_json_loads

from gatewayz.api.bodies import decode, encode

# For columns of type `json`; Django reads those of `jsonb` itself.
set_json_loads(decode)  # type: ignore[arg-type] # it gets bytes


class GivenJsonField(models.Field):
    """A column of type `json`, which PostgreSQL keeps as text; `jsonb` would sort and round."""

    description = "JSON as it was given"
    empty_strings_allowed = False

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json"

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        return None if value is None else Json(value, dumps=encode)

"""Exporting everything that a user owns, as a stream in constant memory.

Rows are read in pages by key instead of by a database cursor, which would hold a connection for as
long as the client reads; poolers do not allow that. Each kind of row has the form that the API
returns, which never contains a secret.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from django.db import models
from rest_framework.serializers import ModelSerializer

from accounts.activity.serializers import ActivityEventSerializer
from accounts.audit.serializers import AuditEntrySerializer
from accounts.models import (
    ActivityDay,
    ActivityEvent,
    ApiKey,
    ApiKeyDay,
    ApiKeyNetwork,
    AuditEntry,
    Credit,
    Notification,
    RateLimitConfig,
    Referral,
    ReferralCode,
    User,
)
from accounts.notifications.preferences import preferences_of
from accounts.notifications.serializers import NotificationSerializer, PreferencesSerializer
from accounts.principals.principal import Principal
from accounts.profile.serializers import (
    ActivityDaySerializer,
    CreditSerializer,
    ExportedKeySerializer,
    KeyDaySerializer,
    KeyLimitsSerializer,
    KeyNetworkSerializer,
    ProfileSerializer,
    ReferralCodeSerializer,
    ReferredBySerializer,
    SignInDataSerializer,
)
from accounts.referrals.serializers import ReferralSerializer
from gatewayz.api.bodies import encode
from gatewayz.streaming.downloads import read_page

PAGE_ROWS = 200

Row = TypeVar("Row", bound=models.Model)
Line = dict[str, Any]


class Kind(NamedTuple):
    """One kind of row that users own: its name, and a function that yields one user's rows."""

    name: str
    lines: Callable[[Principal], Iterable[Line]]


def export_ndjson(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """Yield a line for each row, with its kind as `type`; the last line gives the number of rows.

    A download without that last line was cut off.
    """
    count = 0
    for kind in kinds:
        for line in kind.lines(owner):
            count += 1
            yield encode({"type": kind.name, **line}) + b"\n"
    yield encode({"type": "end", "lines": count}) + b"\n"


def export_zip(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """Yield a ZIP archive with an NDJSON file for each kind.

    A ZIP archive's directory is at its end, so a download that was cut off is not a valid archive.
    """
    buffer = _PieceBuffer()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in kinds:
            with archive.open(f"{kind.name}.ndjson", "w", force_zip64=True) as file:
                for line in kind.lines(owner):
                    file.write(encode(line) + b"\n")
                    yield from buffer.take()
            yield from buffer.take()
    yield from buffer.take()


def export_json(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """Yield a JSON array of the lines of `export_ndjson`."""
    separator = b"["
    for line in export_ndjson(owner, kinds):
        yield separator + line.rstrip(b"\n")
        separator = b",\n"
    yield b"]\n"


class Form(NamedTuple):
    """A form in which an account can be exported, its type, and how its file's name ends."""

    pieces: Callable[[Principal, Sequence[Kind]], Iterator[bytes]]
    content_type: str
    suffix: str


FORMS = {
    "ndjson": Form(export_ndjson, "application/x-ndjson", "ndjson"),
    "zip": Form(export_zip, "application/zip", "zip"),
    "json": Form(export_json, "application/json", "json"),
}


class _PieceBuffer(io.RawIOBase):
    """A write-only file that collects what a ZipFile writes, to be passed on in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        yield from pieces


def by_key(rows: models.QuerySet[Row, Row]) -> Iterator[Row]:
    """Yield the rows in primary key order, holding PAGE_ROWS in memory."""
    in_order = rows.order_by("pk")
    page = read_page(in_order[:PAGE_ROWS])
    while page:
        yield from page
        page = read_page(in_order.filter(pk__gt=page[-1].pk)[:PAGE_ROWS])


def by_time(rows: models.QuerySet[Row, Row], time: str) -> Iterator[Row]:
    """Yield the rows, latest first by the field `time`, holding PAGE_ROWS in memory.

    For one user, an index on user and time serves this, where ordering by primary key has none.
    """
    in_order = rows.order_by(f"-{time}", "-pk")
    page = read_page(in_order[:PAGE_ROWS])
    while page:
        yield from page
        at = getattr(page[-1], time)
        older = models.Q(**{f"{time}__lt": at}) | models.Q(pk__lt=page[-1].pk)
        # The second condition is implied, but it is the one that the index can use.
        page = read_page(in_order.filter(older, **{f"{time}__lte": at})[:PAGE_ROWS])


def kind_of(
    name: str,
    serializer: type[ModelSerializer],
    rows_of: Callable[[Principal], Iterable[models.Model]],
) -> Kind:
    """Return the kind `name`, each row of which is exported as the API returns it."""
    return Kind(name, lambda owner: map(serializer().to_representation, rows_of(owner)))


def _keys(owner: Principal) -> models.QuerySet[ApiKey]:
    return ApiKey.objects.owned_by(owner).order_by()


def _of_keys(model: type[Row], owner: Principal) -> Iterator[Row]:
    return by_key(model._default_manager.filter(api_key__in=_keys(owner)))


def _user(owner: Principal) -> models.QuerySet[User]:
    users: models.QuerySet[User] = User.objects.filter(pk=owner.user_id)
    return users


ACCOUNT_KINDS = (
    kind_of("profile", ProfileSerializer, _user),
    kind_of("sign_in", SignInDataSerializer, _user),
    kind_of("api_key", ExportedKeySerializer, lambda owner: by_key(_keys(owner))),
    kind_of("api_key_limits", KeyLimitsSerializer, lambda owner: _of_keys(RateLimitConfig, owner)),
    kind_of("api_key_day", KeyDaySerializer, lambda owner: _of_keys(ApiKeyDay, owner)),
    kind_of("api_key_network", KeyNetworkSerializer, lambda owner: _of_keys(ApiKeyNetwork, owner)),
    kind_of(
        "activity",
        ActivityEventSerializer,
        lambda owner: by_time(ActivityEvent.objects.owned_by(owner), "timestamp"),
    ),
    kind_of(
        "activity_day",
        ActivityDaySerializer,
        lambda owner: by_key(ActivityDay.objects.owned_by(owner)),
    ),
    kind_of(
        "notification_preferences", PreferencesSerializer, lambda owner: [preferences_of(owner)]
    ),
    kind_of(
        "notification",
        NotificationSerializer,
        lambda owner: by_key(Notification.objects.owned_by(owner)),
    ),
    kind_of(
        "referral_code",
        ReferralCodeSerializer,
        lambda owner: ReferralCode.objects.filter(user_id=owner.user_id),
    ),
    kind_of(
        "referral",
        ReferralSerializer,
        lambda owner: by_key(Referral.objects.made_by(owner).select_related("referred_user")),
    ),
    kind_of(
        "referred_by",
        ReferredBySerializer,
        lambda owner: Referral.objects.filter(referred_user_id=owner.user_id),
    ),
    kind_of("credit", CreditSerializer, lambda owner: by_key(Credit.objects.owned_by(owner))),
    kind_of(
        "audit_entry",
        AuditEntrySerializer,
        lambda owner: by_time(
            AuditEntry.objects.owned_by(owner).with_personal_data(), "created_at"
        ),
    ),
)

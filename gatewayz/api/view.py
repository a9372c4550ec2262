"""DRF's views without content negotiation: this API reads and writes JSON only."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils.functional import cached_property
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.metadata import SimpleMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from gatewayz.api.bodies import JSONResponse, read_json
from gatewayz.api.serializing import MAX_ID
from gatewayz.request.context import current_user_id
from gatewayz.request.long_bodies import SMALL_BODY_BYTES

# How much of an unknown method is repeated in the error.
MAX_SHOWN_CHARS = 20

_negotiator = DefaultContentNegotiation()


class ApiRequest(Request):
    """DRF's request with a JSON body of at most SMALL_BODY_BYTES, unless `may_be_long`."""

    may_be_long = False
    read_body: Callable[[HttpRequest, int], Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A reference cycle would keep the request and its body until the garbage collector runs.
        del self.parser_context["request"]

    @cached_property
    def data(self) -> Any:
        """The parsed body. Raises what `read_body` raises."""
        max_bytes: int = settings.MAX_BODY_BYTES
        if not self.may_be_long:
            max_bytes = min(max_bytes, SMALL_BODY_BYTES)
        return self.read_body(self._request, max_bytes)


class _MethodNotAllowed(MethodNotAllowed):
    def __init__(self, method: str, headers: Mapping[str, str]) -> None:
        super().__init__(method)
        self.headers = headers


class ApiView(APIView):
    """Runs authentication, permissions and throttles, then the method, like DRF's own views.

    It skips what DRF chooses for every request: parser, renderer, version and format. Answers are
    JSON whatever `Accept` says, as the old service's clients expect.
    """

    # Whether callers with a key may send bodies of up to MAX_BODY_BYTES.
    takes_long_bodies: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Django sets this on each instance, which creates a reference cycle.
        if "get" in vars(cls) and "head" not in vars(cls):
            cls.head = cls.get  # type: ignore[attr-defined]

    @staticmethod
    def read_body(request: HttpRequest, max_bytes: int) -> Any:
        """Return what `request.data` is: the parsed JSON. Views may take other bodies."""
        return read_json(request, max_bytes)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs = args, kwargs
        self.request = asked = ApiRequest(
            request, authenticators=self.get_authenticators(), negotiator=_negotiator
        )
        asked.read_body = self.read_body
        try:
            self.perform_authentication(asked)
            self.check_permissions(asked)
            self.check_throttles(asked)
            # No row has such an id, and PostgreSQL would call it invalid.
            if any(isinstance(value, int) and value > MAX_ID for value in kwargs.values()):
                raise Http404
            asked.may_be_long = self.takes_long_bodies and current_user_id() is not None
            name = (request.method or "").lower()
            known = name in self.http_method_names
            method = getattr(self, name, None) if known else None
            return (method or self.http_method_not_allowed)(asked, *args, **kwargs)
        except Exception as exc:  # noqa: BLE001, the handler re-raises unknown ones
            return self.handle_exception(exc)

    def perform_authentication(self, request: Request) -> None:
        # As the first access to `request.user` does, but without wrapping AttributeErrors.
        request._authenticate()  # type: ignore[attr-defined]

    def raise_uncaught_exception(self, exc: Exception) -> NoReturn:
        self.request.force_plaintext_errors(True)
        raise exc

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> NoReturn:
        shown = (request.method or "")[:MAX_SHOWN_CHARS]
        raise _MethodNotAllowed(shown, self.default_response_headers)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> JSONResponse:  # type: ignore[override]
        described = SimpleMetadata().determine_metadata(request, self)
        return JSONResponse(described, headers=self.default_response_headers)


class PublicView(ApiView):
    """A view that needs no key."""

    authentication_classes = ()
    permission_classes = ()

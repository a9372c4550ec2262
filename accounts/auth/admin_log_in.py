"""Logging in to the admin, throttled together with signing in to the API."""

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from accounts.auth.passwords import may_sign_in
from accounts.auth.throttling import admit_sign_in
from accounts.limits import LimitExceeded
from gatewayz.request.client_address import client_address


class ThrottledLogInForm(AuthenticationForm):
    """Check the number of attempts before the password."""

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not may_sign_in(user):
            raise self.get_invalid_login_error()

    def clean(self) -> dict[str, Any]:
        email = self.cleaned_data.get("username")
        if email and self.request is not None:
            try:
                admit_sign_in(client_address(self.request), email)
            except LimitExceeded as exc:
                raise ValidationError(str(exc.detail), code="too_many_attempts") from exc
        cleaned: dict[str, Any] = super().clean()
        return cleaned

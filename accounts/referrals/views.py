"""Views of referrals."""

from http import HTTPStatus
from typing import Any

from django.conf import settings

from accounts.models import Credit, Referral, ReferralCode
from accounts.principals.principal import AuthenticatedRequest
from accounts.referrals import old_shapes, openapi
from accounts.referrals.codes import apply_code, check_code, code_of
from accounts.referrals.serializers import ReferralCodeInput, ReferralSerializer
from accounts.referrals.statistics import referral_statistics
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.paging import PageInput, page_of
from gatewayz.api.serializing import represented_all, validated
from gatewayz.api.view import ApiView


class CodeView(ApiView):
    scope_resource = "referrals"

    @openapi.read_referral_code
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        code, _ = code_of(request.user)
        shown = _shown(request, code)
        return success(shown, old=old_shapes.flat)


class GenerateView(ApiView):
    scope_resource = "referrals"

    @openapi.generate_referral_code
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        code, is_new = code_of(request.user)
        shown = _shown(request, code)
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return success(shown, status=status, old=old_shapes.flat)


class ValidateView(ApiView):
    scope_resource = "referrals"
    # A POST, but it changes nothing.
    scope_level = "read"

    @openapi.validate_referral_code
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ReferralCodeInput, request.data)
        checked = check_code(request.user, given["referral_code"])
        return success(checked, old=old_shapes.flat)


class ApplyView(ApiView):
    scope_resource = "referrals"

    @openapi.apply_referral_code
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ReferralCodeInput, request.data)
        referral = apply_code(request.user, given["referral_code"])
        return success(
            {
                "bonus_amount": float(referral.bonus),
                "status": "pending",
                "created_at": referral.created_at,
            },
            message="Referral code applied",
            status=HTTPStatus.CREATED,
        )


class StatsView(ApiView):
    scope_resource = "referrals"

    @openapi.read_referral_stats
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        page = validated(PageInput, request.query_params)
        code, _ = code_of(request.user)
        made = Referral.objects.made_by(request.user).select_related("referred_user")
        referrals, _ = page_of(made.newest_first(), **page)
        figures = {
            **referral_statistics(request.user, code),
            "referrals": represented_all(ReferralSerializer, referrals),
        }
        earned = Credit.objects.owned_by(request.user).filter(reason__startswith="referral")
        link = _shown(request, code)["invite_link"]
        return success(
            figures, old=old_shapes.statistics(link, total_earned=float(earned.balance()))
        )


def _shown(request: AuthenticatedRequest, code: ReferralCode) -> dict[str, Any]:
    link = request.build_absolute_uri(f"{settings.INVITE_URL}?ref={code.code}")
    return {
        "referral_code": code.code,
        "invite_link": link,
        "share_message": f"Join me on Gatewayz with my code {code.code}: {link}",
    }

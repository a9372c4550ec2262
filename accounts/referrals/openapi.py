"""OpenAPI descriptions of referrals, applied to the views as decorators."""

from rest_framework import serializers

from accounts.referrals import old_shapes
from accounts.referrals.serializers import ReferralCodeInput, ReferralSerializer
from gatewayz.api.openapi import Shape, described
from gatewayz.api.paging import PageInput

_CODE = {
    "referral_code": "K7Q2M9XWPA",
    "invite_link": "https://gatewayz.example/signup?ref=K7Q2M9XWPA",
    "share_message": "Join me on Gatewayz with my code K7Q2M9XWPA: "
    "https://gatewayz.example/signup?ref=K7Q2M9XWPA",
}
_VALID = {
    "valid": True,
    "message": "This referral code is valid.",
    "referrer_username": "a…",
}
_FIGURES = {
    "referral_code": "K7Q2M9XWPA",
    "total_uses": 2,
    "max_uses": 10,
    "remaining_uses": 8,
    "completed_bonuses": 1,
    "pending_bonuses": 1,
    "balance": 10.0,
    "referred_by_code": None,
    "referrals": [
        {
            "id": 5,
            "username": "grace",
            "status": "pending",
            "bonus_amount": 10.0,
            "created_at": "2026-03-01T12:00:00Z",
            "completed_at": None,
        }
    ],
}


class Code(serializers.Serializer):
    referral_code = serializers.CharField()
    invite_link = serializers.CharField()
    share_message = serializers.CharField()


class CheckedCode(serializers.Serializer):
    valid = serializers.BooleanField()
    message = serializers.CharField()
    referrer_username = serializers.CharField(
        allow_null=True, help_text="Only the first letter if the name reveals the e-mail address."
    )


class AppliedCode(serializers.Serializer):
    bonus_amount = serializers.FloatField(help_text="US dollars, for each of the two users")
    status = serializers.CharField()
    created_at = serializers.DateTimeField()


class ReferralFigures(serializers.Serializer):
    referral_code = serializers.CharField()
    total_uses = serializers.IntegerField()
    max_uses = serializers.IntegerField()
    remaining_uses = serializers.IntegerField()
    completed_bonuses = serializers.IntegerField()
    pending_bonuses = serializers.IntegerField()
    balance = serializers.FloatField(help_text="US dollars: the sum of all credits")
    referred_by_code = serializers.CharField(allow_null=True)
    referrals = ReferralSerializer(many=True)


read_referral_code = described(
    "Read your referral code, created when first read",
    name="readReferralCode",
    answer=Shape(Code, _CODE),
    old=old_shapes.flat,
)
generate_referral_code = described(
    "Create your referral code; 200 with the existing one if there is one",
    name="generateReferralCode",
    status=201,
    repeated_status=200,
    answer=Shape(Code, _CODE),
    old=old_shapes.flat,
)
validate_referral_code = described(
    "Check whether you may apply a referral code",
    name="validateReferralCode",
    request=Shape(ReferralCodeInput, {"referral_code": "K7Q2M9XWPA"}),
    answer=Shape(CheckedCode, _VALID),
    old=old_shapes.flat,
)
apply_referral_code = described(
    "Apply another user's referral code, once",
    name="applyReferralCode",
    request=Shape(ReferralCodeInput, {"referral_code": "K7Q2M9XWPA"}),
    status=201,
    answer=Shape(
        AppliedCode,
        {
            "bonus_amount": 10.0,
            "status": "pending",
            "created_at": "2026-03-01T12:00:00Z",
        },
    ),
    problems=(404, 409),
)
read_referral_stats = described(
    "Read the statistics of your referral code",
    name="readReferralStats",
    query=PageInput,
    answer=Shape(ReferralFigures, _FIGURES),
    old=old_shapes.statistics(_CODE["invite_link"], total_earned=10.0),
)

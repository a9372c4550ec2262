"""Request and response bodies of referrals."""

from rest_framework import serializers

from accounts.fields import DollarField
from accounts.models import Referral
from accounts.referrals.codes import shown_name

MAX_CODE = 32


class ReferralCodeInput(serializers.Serializer):
    referral_code = serializers.CharField(max_length=MAX_CODE)


class ReferralSerializer(serializers.ModelSerializer):
    """A user whom one's code referred, without private data."""

    username = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    bonus_amount = DollarField(source="bonus")

    class Meta:
        model = Referral
        fields = ["id", "username", "status", "bonus_amount", "created_at", "completed_at"]

    def get_username(self, referral: Referral) -> str | None:
        referred = referral.referred_user
        return shown_name(referred) if referred else None

    def get_status(self, referral: Referral) -> str:
        return "pending" if referral.completed_at is None else "completed"

"""Giving a user a plan."""

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts import audit
from accounts.models import Plan, User
from accounts.principals.principal import AuthenticatedRequest
from accounts.staff.views import StaffView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import flat
from gatewayz.api.serializing import MAX_ID, validated


class AssignPlanInput(serializers.Serializer):
    user_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    plan_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    duration_months = serializers.IntegerField(min_value=1, max_value=1_200, default=1)


class AssignPlanView(StaffView):
    """Gives a user a plan, which stays until another is given: plans do not end here."""

    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(AssignPlanInput, request.data)
        plan = Plan.objects.filter(pk=given["plan_id"]).first()
        if plan is None:
            raise ValidationError({"plan_id": ["There is no such plan."]})
        with transaction.atomic():
            locked = User.objects.select_for_update(no_key=True)
            user: User = get_object_or_404(locked, pk=given["user_id"])
            self.check_may_act_on(user)
            before = user.plan_id
            user.plan_id = plan.pk
            user.save(update_fields=["plan", "updated_at"])
            audit.record(
                "user_changed",
                user_id=user.pk,
                target=audit.user_target(user.pk),
                before={"plan": before},
                after={"plan": plan.pk},
            )
        message = f"Plan {plan.pk} assigned to user {user.pk}, until another is assigned"
        return success(given, message=message, old=flat)


urlpatterns = [path("admin/assign-plan", AssignPlanView.as_view())]

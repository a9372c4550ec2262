"""Giving a user a plan."""

from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.models import Plan
from accounts.principals.principal import AuthenticatedRequest
from accounts.staff.views import StaffView
from accounts.staff.write import assign_plan
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
        assign_plan(given["user_id"], plan, by=request.user)
        message = f"Plan {plan.pk} assigned to user {given['user_id']}, until another is assigned"
        return success(given, message=message, old=flat)


urlpatterns = [path("admin/assign-plan", AssignPlanView.as_view())]

"""Views of the plans on offer, which are public, and of a user's own plan."""

from typing import Any

from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from accounts.limits.throttles import AddressThrottle
from accounts.models import Plan, StorageUse, User
from accounts.plans import old_shapes, openapi
from accounts.plans.serializers import EntitlementsInput, PlanSerializer
from accounts.plans.usage import environment_usage, plan_usage, storage_usage
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import with_status
from gatewayz.api.paging import PageInput, page_of
from gatewayz.api.serializing import represented, represented_all, validated
from gatewayz.api.view import ApiView, PublicView


class PublicPlansView(PublicView):
    throttle_classes = (AddressThrottle,)


class PlansView(PublicPlansView):
    @openapi.list_plans
    def get(self, request: Request) -> JSONResponse:
        page = validated(PageInput, request.query_params)
        plans, count = page_of(Plan.objects.offered(), **page)
        return success(represented_all(PlanSerializer, plans), count=count)


class PlanView(PublicPlansView):
    @openapi.get_plan
    def get(self, request: Request, plan_id: int) -> JSONResponse:
        return success(
            represented(PlanSerializer, get_object_or_404(Plan.objects.offered(), pk=plan_id))
        )


class OwnPlanView(ApiView):
    scope_resource = "plan"


class UserPlanView(OwnPlanView):
    @openapi.get_user_plan
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        user = User.objects.select_related("plan").get(pk=request.user.user_id)
        return success(
            represented(PlanSerializer, user.plan),
            old=old_shapes.user_plan(user.pk, since=user.created_at),
        )


class PlanUsageView(OwnPlanView):
    @openapi.get_plan_usage
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        stored = StorageUse.objects.filter(user=OuterRef("users")).values("bytes")
        plan = Plan.objects.of(request.user).annotate(stored_bytes=Subquery(stored)).get()
        usage: dict[str, Any] = {
            "plan_name": plan.name,
            **plan_usage(request.user.user_id, plan),
            "storage": storage_usage(plan.max_storage_bytes, plan.stored_bytes or 0),
        }
        return success(usage, old=old_shapes.usage)


class EntitlementsView(OwnPlanView):
    @openapi.get_entitlements
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(EntitlementsInput, request.query_params)
        entitlements = Plan.objects.of(request.user).get().entitlements(given.get("feature"))
        return success(entitlements, old=old_shapes.entitlements)


class EnvironmentUsageView(OwnPlanView):
    @openapi.get_environment_usage
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        usage = environment_usage(request.user)
        return success(
            usage, old=with_status(user_id=request.user.user_id, environment_usage=usage)
        )

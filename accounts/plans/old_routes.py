"""Paths of plans as only clients of the old service call them. See gatewayz.api.old_shapes."""

from http import HTTPStatus

from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.models import Plan
from accounts.plans.old_shapes import bare
from accounts.plans.serializers import PlanSerializer
from accounts.plans.views import PublicPlansView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.paging import MAX_PAGE
from gatewayz.api.serializing import represented


class BarePlansView(PublicPlansView):
    def get(self, request: Request) -> JSONResponse:
        plans = Plan.objects.offered()[:MAX_PAGE]
        return JSONResponse([bare(represented(PlanSerializer, plan)) for plan in plans])


class BarePlanView(PublicPlansView):
    def get(self, request: Request, plan_id: int) -> JSONResponse:
        plan = get_object_or_404(Plan.objects.offered(), pk=plan_id)
        return JSONResponse(bare(represented(PlanSerializer, plan)))


class Discontinued(APIException):
    """410: there are no subscriptions any more."""

    status_code = HTTPStatus.GONE
    default_detail = "Subscriptions have been discontinued. GET /plans lists the plans."
    default_code = "gone"


class SubscriptionPlansView(PublicPlansView):
    def get(self, request: Request) -> JSONResponse:
        raise Discontinued


# Only without `/v1`: there these answers have the envelope.
bare_urlpatterns = [
    path("plans", BarePlansView.as_view()),
    path("plans/<int:plan_id>", BarePlanView.as_view()),
]
urlpatterns = [
    path("subscription/plans", SubscriptionPlansView.as_view()),
]

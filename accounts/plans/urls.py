from django.urls import path

from accounts.plans import views

urlpatterns = [
    path("plans", views.PlansView.as_view()),
    path("plans/<int:plan_id>", views.PlanView.as_view()),
    path("user/plan", views.UserPlanView.as_view()),
    path("user/plan/usage", views.PlanUsageView.as_view()),
    path("user/plan/entitlements", views.EntitlementsView.as_view()),
    path("user/environment-usage", views.EnvironmentUsageView.as_view()),
]

from django.urls import path

from accounts.referrals import views

urlpatterns = [
    path("referral/code", views.CodeView.as_view()),
    path("referral/generate", views.GenerateView.as_view()),
    path("referral/validate", views.ValidateView.as_view()),
    path("referral/apply", views.ApplyView.as_view()),
    path("referral/stats", views.StatsView.as_view()),
]

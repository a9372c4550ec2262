from django.urls import path

from benchmarks.contenders.drf_as_usual import views

urlpatterns = [
    path("v1/chat/sessions", views.ChatSessionsView.as_view()),
    path("healthz", views.healthz),
]

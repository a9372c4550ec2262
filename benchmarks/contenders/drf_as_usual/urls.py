from django.urls import path

from benchmarks.contenders.drf_as_usual import views

urlpatterns = [
    path("v1/chat/sessions", views.ChatSessionsView.as_view()),
    path("v1/chat/sessions/<int:session_id>", views.ChatSessionView.as_view()),
    path("v1/chat/sessions/<int:session_id>/messages", views.ChatMessagesView.as_view()),
    path(
        "v1/chat/sessions/<int:session_id>/messages/<int:message_id>",
        views.ChatMessageView.as_view(),
    ),
    path("v1/chat/search", views.SearchView.as_view()),
    path("healthz", views.healthz),
]

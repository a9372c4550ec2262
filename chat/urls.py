from django.urls import path

from chat import views

urlpatterns = [
    path("chat/sessions", views.SessionsView.as_view()),
    path("chat/sessions/<int:session_id>", views.SessionView.as_view()),
    path("chat/sessions/<int:session_id>/messages", views.MessagesView.as_view()),
    path("chat/sessions/<int:session_id>/messages/batch", views.MessageBatchView.as_view()),
    path("chat/search", views.SearchView.as_view()),
    path("chat/stats", views.StatsView.as_view()),
]

from django.urls import path

from chat import views

urlpatterns = [
    path("chat/sessions", views.SessionsView.as_view()),
    path("chat/sessions/<int:session_id>", views.SessionView.as_view()),
]

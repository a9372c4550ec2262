from django.urls import path

from accounts.keys import views

urlpatterns = [
    path("user/api-keys", views.ApiKeysView.as_view()),
    path("user/api-keys/usage", views.ApiKeyUsageView.as_view()),
    path("user/api-keys/<int:key_id>", views.ApiKeyView.as_view()),
    path("user/api-keys/<int:key_id>/rotate", views.ApiKeyRotationView.as_view()),
]

from django.urls import path

from accounts import key_views

urlpatterns = [
    path("user/api-keys", key_views.ApiKeysView.as_view()),
    path("user/api-keys/usage", key_views.ApiKeyUsageView.as_view()),
    path("user/api-keys/<int:key_id>", key_views.ApiKeyView.as_view()),
    path("user/api-keys/<int:key_id>/rotate", key_views.ApiKeyRotationView.as_view()),
]

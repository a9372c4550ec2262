from django.urls import path

from chat import feedback_views, share_views, transfer_views, views

urlpatterns = [
    path("chat/sessions", views.SessionsView.as_view()),
    path("chat/sessions/batch", views.SessionBatchView.as_view()),
    path("chat/sessions/<int:session_id>/restore", views.SessionRestoreView.as_view()),
    path("chat/sessions/<int:session_id>/fork", views.SessionForkView.as_view()),
    path("chat/sessions/<int:session_id>/export", transfer_views.ExportView.as_view()),
    path("chat/export", transfer_views.ExportAllView.as_view()),
    path("chat/import", transfer_views.ImportView.as_view()),
    path("chat/sessions/<int:session_id>", views.SessionView.as_view()),
    path("chat/sessions/<int:session_id>/messages", views.MessagesView.as_view()),
    path("chat/sessions/<int:session_id>/messages/batch", views.MessageBatchView.as_view()),
    path("chat/sessions/<int:session_id>/feedback", feedback_views.SessionFeedbackView.as_view()),
    path("chat/feedback", feedback_views.FeedbackListView.as_view()),
    path("chat/feedback/stats", feedback_views.FeedbackStatsView.as_view()),
    path("chat/feedback/<int:feedback_id>", feedback_views.FeedbackView.as_view()),
    path("chat/share", share_views.SharesView.as_view()),
    path("chat/share/<slug:token>", share_views.ShareView.as_view(), name="shared-chat"),
    path("chat/search", views.SearchView.as_view()),
    path("chat/stats", views.StatsView.as_view()),
]

from django.urls import path

from chat.conversations import views as conversations
from chat.feedback import views as feedback
from chat.messages import views as messages
from chat.search.views import SearchView
from chat.sessions import views as sessions
from chat.shares import views as shares
from chat.transfer import views as transfer

urlpatterns = [
    path("chat/sessions", sessions.SessionsView.as_view()),
    path("chat/sessions/batch", sessions.SessionBatchView.as_view()),
    path("chat/sessions/<int:session_id>", sessions.SessionView.as_view()),
    path("chat/sessions/<int:session_id>/restore", sessions.SessionRestoreView.as_view()),
    path("chat/sessions/<int:session_id>/fork", sessions.SessionForkView.as_view()),
    path("chat/sessions/<int:session_id>/messages", messages.MessagesView.as_view()),
    path(
        "chat/sessions/<int:session_id>/messages/<int:message_id>", messages.MessageView.as_view()
    ),
    path("chat/sessions/<int:session_id>/messages/batch", messages.MessageBatchView.as_view()),
    path("chat/sessions/<int:session_id>/feedback", feedback.SessionFeedbackView.as_view()),
    path("chat/sessions/<int:session_id>/export", transfer.ExportView.as_view()),
    path("chat/export", transfer.ExportAllView.as_view()),
    path("chat/import", transfer.ImportView.as_view()),
    path("chat/imports", transfer.ImportsView.as_view()),
    path("chat/imports/<int:import_id>", transfer.ImportJobView.as_view()),
    path("chat/feedback", feedback.FeedbackListView.as_view()),
    path("chat/feedback/stats", feedback.FeedbackStatsView.as_view()),
    path("chat/feedback/<int:feedback_id>", feedback.FeedbackView.as_view()),
    path("chat/share", shares.SharesView.as_view()),
    path("chat/share/<slug:token>", shares.ShareView.as_view(), name="shared-chat"),
    path("chat/search", SearchView.as_view()),
    path("chat/tags", sessions.TagsView.as_view()),
    path("chat/folders", sessions.FoldersView.as_view()),
    path("chat/stats", sessions.StatsView.as_view()),
    path("conversations", conversations.ConversationsView.as_view()),
    path("conversations/conv_<int:session_id>", conversations.ConversationView.as_view()),
    path("conversations/conv_<int:session_id>/items", conversations.ItemsView.as_view()),
    path(
        "conversations/conv_<int:session_id>/items/<str:item_id>", conversations.ItemView.as_view()
    ),
]

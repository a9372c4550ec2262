"""GET /v1/chat/feedback/stats."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Feedback
from tests.problems import assert_problem

PATH = "/v1/chat/feedback/stats"


@pytest.fixture
def _feedback(user):
    for kind, rating, model, days_ago in (
        ("thumbs_up", 5, "acme/big", 0),
        ("thumbs_up", 4, "acme/big", 1),
        ("thumbs_down", None, "acme/big", 2),
        ("regenerate", 1, "acme/small", 3),
        ("thumbs_down", 1, "acme/big", 40),
    ):
        Feedback.objects.create(
            user=user,
            feedback_type=kind,
            rating=rating,
            model=model,
            created_at=timezone.now() - timedelta(days=days_ago),
        )


@pytest.mark.usefixtures("_feedback")
def test_counts_rates_and_averages_overall_and_by_model(api):
    assert api.get(PATH).json()["data"] == {
        "days": 30,
        "total_feedback": 4,
        "thumbs_up": 2,
        "thumbs_down": 1,
        "regenerate": 1,
        "thumbs_up_rate": 50.0,
        "thumbs_down_rate": 25.0,
        "regenerate_rate": 25.0,
        "average_rating": 3.33,
        "by_model": {
            "acme/big": {
                "total_feedback": 3,
                "thumbs_up": 2,
                "thumbs_down": 1,
                "regenerate": 0,
                "thumbs_up_rate": 66.67,
                "thumbs_down_rate": 33.33,
                "regenerate_rate": 0.0,
                "average_rating": 4.5,
            },
            "acme/small": {
                "total_feedback": 1,
                "thumbs_up": 0,
                "thumbs_down": 0,
                "regenerate": 1,
                "thumbs_up_rate": 0.0,
                "thumbs_down_rate": 0.0,
                "regenerate_rate": 100.0,
                "average_rating": 1.0,
            },
        },
    }


@pytest.mark.usefixtures("_feedback")
def test_counts_only_the_requested_days_and_model(api):
    assert api.get(PATH, {"days": 365}).json()["data"]["thumbs_down"] == 2
    assert api.get(PATH, {"model": "acme/small"}).json()["data"]["total_feedback"] == 1


def test_without_feedback_there_is_no_average(stranger_api):
    data = stranger_api.get(PATH).json()["data"]

    assert (data["total_feedback"], data["thumbs_up_rate"]) == (0, 0)
    assert data["average_rating"] is None
    assert data["by_model"] == {}


@pytest.mark.parametrize("days", ["0", "366", "x"])
def test_rejects_bad_days(api, days):
    assert_problem(api.get(PATH, {"days": days}), 400, "validation_error")


def test_takes_one_statement(api, django_assert_num_queries):
    api.get(PATH)

    # The counts by model.
    with django_assert_num_queries(1):
        api.get(PATH)

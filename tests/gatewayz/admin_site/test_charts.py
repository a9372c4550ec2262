"""Figures against their targets, and bars."""

import pytest

from gatewayz.admin_site.charts import HEIGHT, WIDTH, Gauge, bar_chart


@pytest.mark.parametrize(
    ("value", "better", "state"),
    [
        (99.9, "below", "met"),
        (100, "below", "missed"),
        (101, "below", "missed"),
        (100, "above", "missed"),
        (101, "above", "met"),
        (0, "above", "missed"),
        (None, "below", "unknown"),
    ],
)
def test_a_gauge_shows_whether_its_target_is_met(value, better, state):
    assert Gauge("Queue", value, 100, better).state == state


def test_a_gauge_stays_on_its_scale():
    gauge = Gauge("Rate", 1234.5, 85, "above", unit=" %", decimals=1, full=100)

    assert (gauge.width, gauge.target_at) == (100.0, 85.0)
    assert (gauge.shown, gauge.shown_target) == ("1,234.5 %", "> 85 %")


def test_bars_fill_the_width_and_the_highest_one_the_height():
    chart = bar_chart("Days", [("a", 0), ("b", 1), ("c", 1000)])

    assert [bar.height for bar in chart.bars] == [0, 1.5, HEIGHT]
    assert all(bar.x + bar.width <= WIDTH for bar in chart.bars)
    assert chart.summary == "Days: 1,001 in all, most 1,000 (c)"


def test_an_empty_chart_says_that_there_is_nothing():
    assert bar_chart("Days", []).summary == "Days: nothing yet"

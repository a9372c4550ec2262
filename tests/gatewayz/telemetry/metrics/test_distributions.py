"""Reading histograms back."""

import math

import pytest
from prometheus_client import Histogram

from gatewayz.telemetry.metrics.distributions import Distribution, distributions
from gatewayz.telemetry.metrics.slots import REGISTRY

BOUNDS = (10.0, 100.0, math.inf)


@pytest.mark.parametrize(
    ("counts", "share", "value"),
    [
        ((10, 0, 0), 0.5, 5.0),
        ((10, 10, 0), 0.5, 10.0),
        ((10, 10, 0), 0.75, 55.0),
        ((0, 10, 0), 1.0, 100.0),
        # Beyond the last bound nobody knows how far.
        ((1, 0, 99), 0.99, 100.0),
        ((0, 0, 0), 0.5, None),
    ],
)
def test_quantiles_interpolate_inside_a_bucket(counts, share, value):
    assert Distribution(BOUNDS, counts).quantile(share) == value


def test_distributions_add_up():
    total = Distribution(BOUNDS, (1, 2, 3)) + Distribution(BOUNDS, (10, 0, 1))

    assert total == Distribution(BOUNDS, (11, 2, 4))
    assert total.total == 17


def test_observations_can_be_read_back():
    histogram = Histogram(
        "test_distributions_ms", "Of this test.", ["kind"], buckets=BOUNDS, registry=REGISTRY
    )
    try:
        for observed in (1, 10, 50, 1000):
            histogram.labels("a").observe(observed)

        read = distributions(["test_distributions_ms"])
    finally:
        REGISTRY.unregister(histogram)

    assert read == {("test_distributions_ms", "a"): Distribution(BOUNDS, (2, 1, 1))}

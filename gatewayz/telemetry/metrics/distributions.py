"""Reads the histograms of all web processes, for the admin's start page."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import Metric

from gatewayz.telemetry.metrics import slots


@dataclass(frozen=True)
class Distribution:
    """A histogram: `counts[n]` observations are above `bounds[n - 1]` and up to `bounds[n]`.

    The last bound is infinite.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """Return the value below which `share` (0–1) of the observations are; None without any.

        Like Prometheus' histogram_quantile, it assumes that observations are spread evenly inside
        a bucket, and returns at most the last finite bound.
        """
        if not self.total:
            return None
        rank, below, lower = share * self.total, 0, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if count and below + count >= rank:
                if math.isinf(bound):
                    return lower
                return lower + (bound - lower) * (rank - below) / count
            below += count
            lower = lower if math.isinf(bound) else bound
        return lower

    def above(self, bound: float) -> int:
        """Return how many observations are above `bound`, one of the bounds."""
        return sum(self.counts[self.bounds.index(bound) + 1 :])

    def __add__(self, other: "Distribution") -> "Distribution":
        counts = zip(self.counts, other.counts, strict=True)
        return Distribution(self.bounds, tuple(a + b for a, b in counts))


def distributions(names: Iterable[str]) -> dict[tuple[str, str], Distribution]:
    """Return the histograms called `names`, by their name and the value of their only label.

    They cover all web processes of this host since the first one started.
    """
    wanted = set(names)
    return distributions_of(
        family for family in slots.collector().collect() if family.name in wanted
    )


def distributions_of(families: Iterable[Metric]) -> dict[tuple[str, str], Distribution]:
    """Return histograms with one label, by their name and the value of the label."""
    counts: dict[tuple[str, str], dict[float, float]] = {}
    for family in families:
        for sample in family.samples:
            if sample.name == f"{family.name}_bucket":
                bound = float(sample.labels["le"])
                (label,) = (value for name, value in sample.labels.items() if name != "le")
                counts.setdefault((family.name, label), {})[bound] = sample.value
    return {key: _distribution(cumulative) for key, cumulative in counts.items()}


def _distribution(cumulative: dict[float, float]) -> Distribution:
    bounds = tuple(sorted(cumulative))
    below = [0.0, *(cumulative[bound] for bound in bounds)]
    return Distribution(
        bounds, tuple(int(upto - before) for before, upto in itertools.pairwise(below))
    )

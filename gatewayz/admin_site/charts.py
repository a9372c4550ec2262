"""Charts that the server draws as SVG, without scripts or third-party files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# In units of the drawing, which the page scales.
WIDTH, HEIGHT = 600.0, 120.0
_GAP = 0.2
# Keeps a small value visible.
_LEAST_HEIGHT = 1.5


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: float
    # Whether the value misses the target.
    is_over: bool


@dataclass(frozen=True)
class BarChart:
    """A bar chart. `summary` describes it in words, for screen readers."""

    title: str
    summary: str
    bars: list[Bar]
    highest: float
    first_label: str
    last_label: str
    note: str = ""
    width: float = WIDTH
    height: float = HEIGHT


def bar_chart(
    title: str,
    values: Sequence[tuple[str, float]],
    *,
    over: Sequence[bool] | None = None,
    note: str = "",
    summary: str = "",
) -> BarChart:
    """Draw a bar for each label and value, in order; `over` marks those that miss the target.

    `summary` is read to people who cannot see the chart; by default it says the sum of the
    values and the highest.
    """
    highest = max((value for _, value in values), default=0.0)
    step = WIDTH / max(1, len(values))
    marks = over or [False] * len(values)
    bars = []
    for place, ((label, value), is_over) in enumerate(zip(values, marks, strict=True)):
        height = max(_LEAST_HEIGHT, HEIGHT * value / highest) if value else 0.0
        bars.append(
            Bar(
                x=round(step * (place + _GAP / 2), 2),
                y=round(HEIGHT - height, 2),
                width=round(step * (1 - _GAP), 2),
                height=round(height, 2),
                label=label,
                value=value,
                is_over=is_over,
            )
        )
    return BarChart(
        title,
        summary or _summary(title, values),
        bars,
        highest,
        first_label=values[0][0] if values else "",
        last_label=values[-1][0] if values else "",
        note=note,
    )


def _summary(title: str, values: Sequence[tuple[str, float]]) -> str:
    if not values:
        return f"{title}: nothing yet"
    label, highest = max(values, key=lambda pair: pair[1])
    return (
        f"{title}: {sum(value for _, value in values):,.0f} in all, most {highest:,.0f} ({label})"
    )


@dataclass(frozen=True)
class Gauge:
    """A figure beside its documented target. A `value` of None is unknown."""

    title: str
    value: float | None
    target: float
    better: Literal["below", "above"]
    unit: str = ""
    decimals: int = 0
    # The end of the scale.
    full: float | None = None
    note: str = ""
    # Whether there is enough to say that the target is missed.
    is_sure: bool = True

    @property
    def state(self) -> Literal["met", "missed", "unknown"]:
        if self.value is None:
            return "unknown"
        is_met = self.value < self.target if self.better == "below" else self.value > self.target
        if is_met:
            return "met"
        return "missed" if self.is_sure else "unknown"

    @property
    def shown(self) -> str:
        return "–" if self.value is None else self._with_unit(self.value, self.decimals)

    @property
    def shown_target(self) -> str:
        return f"{'<' if self.better == 'below' else '>'} {self._with_unit(self.target, 0)}"

    @property
    def width(self) -> float:
        """The width of the value's bar, in percent of the scale."""
        return round(min(100.0, 100.0 * (self.value or 0.0) / self._full), 2)

    @property
    def target_at(self) -> float:
        """The position of the target, in percent of the scale."""
        return round(100.0 * self.target / self._full, 2)

    @property
    def _full(self) -> float:
        return self.full or 2 * self.target

    def _with_unit(self, number: float, decimals: int) -> str:
        return f"{number:,.{decimals}f}{self.unit}"

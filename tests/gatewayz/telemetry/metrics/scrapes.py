"""Reading what /metrics answers."""

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """The values of one answer."""

    def __init__(self, text: str) -> None:
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self._values}

    def value(self, name: str, **labels: str) -> float:
        """The value of a series; 0 when there is none yet."""
        return self._values.get((name, frozenset(labels.items())), 0.0)

"""Search finds what people expect, and little else."""

import pytest

from benchmarks import search
from benchmarks.measuring.relevance import queries


@pytest.mark.django_db
def test_finds_the_expected_sessions_in_every_script_and_kind_of_text():
    recall, precision, _ = search.figures(search.gatewayz())

    assert len(queries()) >= 300
    assert recall >= 0.99
    assert precision >= 0.98

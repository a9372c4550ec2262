"""How many generated messages each adapter has to keep.

They are the same in every run. `EXAMPLES=1000 pytest tests/clients/python/adapters` tries others.
"""

import os

from hypothesis import HealthCheck, settings

a_few = settings(
    max_examples=int(os.environ.get("EXAMPLES", "30")),
    derandomize="EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

"""`fastapi_day` with metrics of each request and an access log, as ours has.

The metrics are those that teams commonly add; uvicorn writes the log, as it does by default.
"""

from prometheus_fastapi_instrumentator import Instrumentator

from benchmarks.contenders.fastapi_day import app

Instrumentator().instrument(app).expose(app)

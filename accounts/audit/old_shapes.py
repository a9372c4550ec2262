"""Fields that clients of the old service expect in the audit log. See gatewayz.api.old_shapes."""

from gatewayz.api.old_shapes import OldShape, status


def log(total: int) -> OldShape:
    """A page of the audit log, of `total` entries."""
    return lambda logs: {**status(), "logs": logs, "total_logs": total}

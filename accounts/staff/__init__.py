"""Routes of the old service for keys of staff. See gatewayz.api.old_shapes."""

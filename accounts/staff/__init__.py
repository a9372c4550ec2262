"""What clients of the old service could do with keys of staff. See gatewayz.api.old_shapes."""

"""Users bring users: `codes` are passed on and applied, `bonuses` are credited for it."""

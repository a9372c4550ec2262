"""Users refer users: `codes` creates and applies referral codes, `bonuses` credits both users."""

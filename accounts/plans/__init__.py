"""Plans, what users have used of theirs, and what it entitles them to."""

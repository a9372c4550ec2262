"""Plans, what users have used of theirs, and the features that they are entitled to."""

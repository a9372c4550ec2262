"""Bodies and downloads that are longer than most: sent and received in pieces."""

"""Starts contenders, loads them, and counts what a request costs them."""

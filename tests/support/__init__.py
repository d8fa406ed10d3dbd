"""Builders and small real things that many tests share."""

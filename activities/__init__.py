"""Thin classes, one use case an activity; importing them loads no adapter."""

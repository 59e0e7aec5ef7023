"""Deterministic code only. The list of workflows is in `edition_migration.temporal.worker`."""

"""`starter.py demo`: a whole migration on this machine, as real processes with real mails. Its door is `run`."""

from edition_migration.cli.demo.main import run

__all__ = ["run"]

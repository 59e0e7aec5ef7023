"""Fixtures that every test may ask for, by plugin; each plugin says what it gives."""

pytest_plugins = [
    "tests.fixtures.histories",
    "tests.fixtures.postgres",
    "tests.fixtures.smtp",
    "tests.fixtures.store",
    "tests.fixtures.temporal",
]

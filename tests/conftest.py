"""Fixtures that every test may ask for, by plugin; each plugin says what it gives. And the order: fast tests first."""

import pytest

pytest_plugins = [
    "tests.fixtures.acme",
    "tests.fixtures.browser",
    "tests.fixtures.histories",
    "tests.fixtures.postgres",
    "tests.fixtures.smtp",
    "tests.fixtures.store",
    "tests.fixtures.temporal",
]

SLOW = (
    "tests/adapters/test_mails_in_browser.py",
    "tests/docs/test_site.py",
    "tests/docs/test_queries.py",
    "tests/docs/test_tutorial.py",
    "tests/e2e/test_demo.py",
    "tests/temporal/",
    "tests/replay/",
    "tests/workflows/",
    "tests/web/",
    "tests/e2e/",
)
"""With a Temporal server or a browser; everything else comes before, and what takes minutes by itself begins first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((number for number, folder in enumerate(SLOW, 1) if item.nodeid.startswith(folder)), 0)

    items.sort(key=place)

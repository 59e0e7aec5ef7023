"""Each figure of docs/how-to/sizing.md is that of the result that it names."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/sizing.md"
KINDS = {
    "worker of queue `migration`": "migration-worker",
    "worker of queue `mail`": "mail-worker",
    "web process": "web",
    "Temporal's frontend": "temporal-frontend",
    "Temporal's history": "temporal-history",
    "Temporal's matching": "temporal-matching",
    "Temporal's worker": "temporal-worker",
    "PostgreSQL, all its processes": "postgresql",
}


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text()


@pytest.fixture(scope="module")
def result(page: str) -> dict[str, Any]:
    named = re.search(r"\((\.\./results/[^)]+)\)", page)
    assert named is not None
    return json.loads((PAGE.parent / named[1]).read_text())


def of_kind(figures: dict[str, float], kind: str) -> list[float]:
    return [it for name, it in figures.items() if name.startswith(kind)]


def test_what_one_user_costs(page: str, result: dict[str, Any]) -> None:
    databases, count = result["footprint"]["databases"], result["migrations"]
    seconds = result["processor_seconds"]
    ours = sum(sum(of_kind(seconds, kind)) for kind in ("migration-worker", "mail-worker", "web"))
    history = "{events} events, {bytes:,} bytes, {state_transitions} state transitions"
    expected = [
        f"| store (PostgreSQL) | {databases['edition_migration']['bytes_per_migration']:,} bytes with indexes |",
        f"| Temporal's store | {databases['temporal']['bytes_per_migration']:,} bytes |",
        f"| Temporal's lists | {databases['temporal_visibility']['bytes_per_migration']:,} bytes |",
        history.format(**result["footprint"]["workflows"]),
        f"| mails | {result['mails_received'] / count:.2f} |",
        f"| processors | {sum(seconds.values()) / count:.2f} seconds, of which ours {ours / count:.2f} |",
    ]
    assert [line for line in expected if line not in page] == []


def test_the_store_by_table(page: str, result: dict[str, Any]) -> None:
    tables = result["footprint"]["databases"]["edition_migration"]["per_migration"]
    expected = [f"| {name} | {it['rows']} | {it['bytes']:,} |" for name, it in tables.items()]
    assert [line for line in expected if line not in page] == []


def test_each_kind_of_process(page: str, result: dict[str, Any]) -> None:
    expected = [
        f"| {words} | {max(of_kind(result['memory_mib'], kind))} "
        f"| {sum(of_kind(result['processor_seconds'], kind)) / result['migrations']:.2f} |"
        for words, kind in KINDS.items()
    ]
    assert [line for line in expected if line not in page] == []


def test_every_product_of_the_arithmetic_is_right(page: str) -> None:
    """`1,000,000 x FIGURE` with its result in the same line, as GB, million or hours of one core."""
    units = {"bytes": (1e9, "GB"), "state transitions": (1e6, "million"), "seconds": (3600, "hours of one core")}
    for figure, unit in re.findall(r"1,000,000 x ([\d.,]+) (bytes|state transitions|seconds) \|", page):
        size, word = units[unit]
        product = f"{float(figure.replace(',', '')) * 1e6 / size:.0f} {word}"
        assert f"1,000,000 x {figure} {unit} | {product}" in page

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
        f"| mails | {mails_of_each(result):.2f} |",
        f"| processors | {sum(seconds.values()) / count:.2f} seconds, of which ours {ours / count:.2f} |",
    ]
    assert [line for line in expected if line not in page] == []


def test_the_store_by_table(page: str, result: dict[str, Any]) -> None:
    tables = result["footprint"]["databases"]["edition_migration"]["per_migration"]
    expected = [f"| {name} | {it['rows']} | {it['bytes']:,} |" for name, it in tables.items()]
    assert [line for line in expected if line not in page] == []


def test_each_kind_of_process(page: str, result: dict[str, Any]) -> None:
    seconds = seconds_of_each(result)
    expected = [
        f"| {words} | {max(of_kind(result['memory_mib'], kind))} | {seconds[kind]:.2f} |"
        for words, kind in KINDS.items()
    ]
    assert [line for line in expected if line not in page] == []


def test_the_arithmetic_for_a_million_users(page: str, result: dict[str, Any]) -> None:
    """Its figures are the result's, and each product is right."""
    databases, seconds = result["footprint"]["databases"], seconds_of_each(result)
    store, temporal, lists = (
        databases[it]["bytes_per_migration"] for it in ("edition_migration", "temporal", "temporal_visibility")
    )
    rows = sum(it["rows"] for it in databases["edition_migration"]["per_migration"].values())
    work = result["footprint"]["workflows"]["state_transitions"]
    mails, total = mails_of_each(result), round(sum(result["processor_seconds"].values()) / result["migrations"], 2)
    migration, mail = seconds["migration-worker"], seconds["mail-worker"]
    expected = [
        f"| 1,000,000 x {store:,} bytes | {store / 1e3:.0f} GB, {rows:.0f} million rows;",
        f"| 1,000,000 x ({temporal:,} + {lists:,}) bytes | {(temporal + lists) / 1e3:.0f} GB.",
        f"| 1,000,000 x {work} state transitions | {work} million; at 100 a second {hours(work / 100)} hours |",
        f"| 1,000,000 x {mails:.2f} | {mails:.2f} million; at 10 a second (our default) {hours(mails / 10)} hours, "
        f"at 50 {hours(mails / 50)} hours |",
        f"| 1,000,000 x {total:.2f} seconds | {hours(total)} hours of one core, {hours(total / 16)} hours of 16 |",
        f"| 1,000,000 x {migration:.2f} seconds | {hours(migration)} hours of one core: "
        f"two workers of one core each are busy for {hours(migration / 2)} hours |",
        f"| 1,000,000 x {mail:.2f} seconds | {hours(mail)} hours of one core: at 10 mails a second half a core |",
    ]
    assert [line for line in expected if line not in page] == []
    assert round(10 / mails * mail, 1) == 0.5


def test_what_the_processors_that_the_manifests_ask_for_can_do(page: str, result: dict[str, Any]) -> None:
    seconds = seconds_of_each(result)
    expected = [
        f"half a processor for a worker of queue `migration` is {0.5 / seconds['migration-worker']:.1f} migrations a",
        f"{0.25 / seconds['mail-worker'] * mails_of_each(result):.0f} mails a second, so that two send our default",
        f"a quarter for a web process is {0.25 / seconds['web']:.1f} users a second",
    ]
    assert [words for words in expected if words not in page] == []


def seconds_of_each(result: dict[str, Any]) -> dict[str, float]:
    """Of a processor, for one migration, by kind of process; rounded as on the page."""
    seconds, count = result["processor_seconds"], result["migrations"]
    return {kind: round(sum(of_kind(seconds, kind)) / count, 2) for kind in KINDS.values()}


def mails_of_each(result: dict[str, Any]) -> float:
    """Likewise."""
    return round(result["mails_received"] / result["migrations"], 2)


def hours(seconds: float) -> str:
    """What a million times as many seconds are."""
    return f"{seconds * 1e6 / 3600:.0f}"

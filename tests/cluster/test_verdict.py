"""A run on a cluster is well only where somebody was migrated, each kind of disturbance met open migrations, every
process of ours ended as told, and nothing was found."""

from typing import Any

from tests.cluster.__main__ import what_is_wrong


def result(**found: Any) -> dict[str, Any]:
    well = {
        "states": {"CANCELLED": 1, "MIGRATED": 2},
        "restarts_of_theirs": {"temporal-ui": {"migrations_open": 2, "exit_code": -15}},
        "restarts_of_ours": {"web-0": {"migrations_open": 2, "exit_code": 0}},
        "kills": {"web-0": {"migrations_open": 1, "exit_code": -9}},
        "ended_by_themselves": [],
        "people_failed": [],
        "violations": {},
    }
    return {**well, **found}


def test_a_run_in_which_all_went_as_told_is_well() -> None:
    assert what_is_wrong(result()) == []


def test_a_run_in_which_nobody_was_migrated_proves_nothing() -> None:
    assert what_is_wrong(result(states={"CANCELLED": 3})) == ["nobody was migrated"]


def test_restarts_and_kills_without_an_open_migration_prove_nothing() -> None:
    idle = {"migrations_open": 0, "exit_code": 0}
    nothing = result(restarts_of_theirs={"postgresql": idle}, restarts_of_ours={"web-0": idle}, kills={})
    assert what_is_wrong(nothing) == [
        "restarts_of_theirs: no migration was open at any",
        "restarts_of_ours: no migration was open at any",
        "kills: no migration was open at any",
    ]


def test_one_restart_under_migrations_is_enough() -> None:
    ours = {"web-0": {"migrations_open": 1, "exit_code": 0}, "web-1": {"migrations_open": 0, "exit_code": 0}}
    assert what_is_wrong(result(restarts_of_ours=ours)) == []


def test_everything_that_did_not_go_as_told_is_named() -> None:
    wrong = result(
        restarts_of_ours={
            "web-0": {"migrations_open": 2, "exit_code": 0},
            "mail-worker-1": {"migrations_open": 2, "exit_code": -6},
        },
        kills={"web-0": {"migrations_open": 1, "exit_code": 0}},
        ended_by_themselves=["temporal-history"],
        people_failed=["KeyError('u1')"],
        violations={"i1_nobody_was_lost": [1, "I1 u00007 has no migration"]},
    )
    assert what_is_wrong(wrong) == [
        "mail-worker-1 ended with code -6",
        "web-0 was killed and ended with code 0",
        "temporal-history had ended by itself",
        "who acts failed: KeyError('u1')",
        "i1_nobody_was_lost: [1, 'I1 u00007 has no migration']",
    ]

"""A run on a cluster is well only where every process of ours ended as told, and nothing was found."""

from typing import Any

from tests.cluster.__main__ import what_is_wrong


def result(**found: Any) -> dict[str, Any]:
    well = {"restarts_of_ours": {"web-0": {"exit_code": 0}}, "ended_by_themselves": [], "people_failed": []}
    return {**well, "violations": {}, **found}


def test_a_run_in_which_all_went_as_told_is_well() -> None:
    assert what_is_wrong(result()) == []


def test_everything_that_did_not_is_named() -> None:
    wrong = result(
        restarts_of_ours={"web-0": {"exit_code": 0}, "mail-worker-1": {"exit_code": -6}},
        ended_by_themselves=["temporal-history"],
        people_failed=["KeyError('u1')"],
        violations={"i1_nobody_was_lost": [1, "I1 u00007 has no migration"]},
    )
    assert what_is_wrong(wrong) == [
        "mail-worker-1 ended with code -6",
        "temporal-history had ended by itself",
        "who acts failed: KeyError('u1')",
        "i1_nobody_was_lost: [1, 'I1 u00007 has no migration']",
    ]

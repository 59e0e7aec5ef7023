"""A copy of a mail is explained by a fault that can have made it, and by nothing else."""

from typing import Any

from tests.chaos.pairing import never_known, surplus


def received(at: float, *, is_answered: bool = True) -> dict[str, Any]:
    return {"message_id": "m1", "at": at, "is_answered": is_answered}


def fault(kind: str, at: float) -> dict[str, Any]:
    return {"kind": kind, "at": at}


def test_a_copy_after_a_lost_answer_is_explained_by_it() -> None:
    assert surplus([received(0, is_answered=False), received(5)], []) == (
        ["m1"],
        {"smtp_no_answer_to_final_dot": 1},
        [],
    )


def test_a_copy_after_an_answer_needs_a_worker_or_a_database_that_went_away_then() -> None:
    copies = [received(0), received(30)]
    assert surplus(copies, [fault("kill_worker", 2)]) == (["m1"], {"kill_worker": 1}, [])
    assert surplus(copies, [fault("freeze_worker", 9)]) == (["m1"], {"freeze_worker": 1}, [])
    assert surplus(copies, [fault("kill_mail-worker-0", 1)]) == (["m1"], {"kill_mail-worker-0": 1}, [])
    assert surplus(copies, [fault("kill_migration-worker-0", 1)]) == ([], {}, ["m1"])
    assert surplus(copies, [fault("kill_worker", 20), fault("kill_web", 1)]) == ([], {}, ["m1"])


def test_a_copy_of_a_worker_that_has_just_woken_up_is_explained() -> None:
    copies = [received(0), received(30)]
    assert surplus(copies, [fault("worker_woke_up", 29)]) == (["m1"], {"worker_woke_up": 1}, [])
    assert surplus(copies, [fault("worker_woke_up", 31)]) == ([], {}, ["m1"])


def test_a_kill_explains_no_copy_from_before_it_and_no_more_than_were_in_hand() -> None:
    assert surplus([received(0), received(1)], [fault("kill_worker", 2)]) == ([], {}, ["m1"])
    many = [{**received(at), "message_id": f"m{number}"} for at in (0, 30) for number in range(21)]
    for kind, most in (("kill_worker", 10), ("kill_database", 20)):
        explained, by_kind, unexplained = surplus(many, [fault(kind, 1)])
        assert (len(explained), by_kind, len(unexplained)) == (most, {kind: most}, 21 - most)


def test_each_of_several_copies_needs_its_own_explanation() -> None:
    copies = [received(0, is_answered=False), received(5), received(40)]
    assert surplus(copies, []) == (["m1"], {"smtp_no_answer_to_final_dot": 1}, ["m1"])


def test_a_mail_that_arrived_unknown_and_was_not_accepted_is_named_unless_it_was() -> None:
    cut = [received(0, is_answered=False)]
    assert never_known(cut, [], accepted=()) == ["m1"]
    assert never_known(cut, [], accepted=("m1",)) == []
    assert never_known([received(0)], [], accepted=()) == []

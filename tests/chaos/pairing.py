"""Which injected fault explains a mail that came twice. For the check of a chaos run.

A copy that follows one without an answer is explained by the cut or the silence after its final dot. A copy that
follows an answered one needs a process that was killed or frozen between that 250 and the commit of `accepted`: a
worker, or the database under it. Or it is of a worker that woke up and went on, while another had taken over its mail.

That is all that is known: which process spoke for which mail, and when it committed, nobody noted. So a kill explains a
copy if it came within the seconds about the 250 before it, and before the copy; and it explains no more copies than
mails were in hand then.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from edition_migration.temporal.worker import WorkerOptions

KILLS = (
    "kill_worker",
    "freeze_worker",
    "kill_database",
    "kill_mail-worker-0",
    "kill_postgresql",
    "end_postgresql",
    "worker-0_ended_by_itself",
    "worker-1_ended_by_itself",
)
OF_ALL_WORKERS = ("kill_database", "kill_postgresql", "end_postgresql")
WOKE_UP = "worker_woke_up"
LOST_ANSWER = "smtp_no_answer_to_final_dot"
BEFORE, AFTER = 0.5, 10.0
"""Seconds from a kill back to a 250 whose commit it may have taken: recovery, a busy machine."""
IN_HAND = WorkerOptions.concurrent_mails
"""Mails that one worker has begun at once, at most."""
WORKERS = 2


def surplus(
    sink: Sequence[dict[str, Any]], faults: Sequence[dict[str, Any]]
) -> tuple[list[str], dict[str, int], list[str]]:
    """Message-ID once for each explained copy, how many by each kind of fault, and copies that nothing explains."""
    copies: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for mail in sink:
        copies[mail["message_id"]].append(mail)
    explained: list[str] = []
    by_kind: dict[str, int] = defaultdict(int)
    unexplained: list[str] = []
    charged: Counter[int] = Counter()
    for message_id, mails in copies.items():
        for former, copy in pairwise(mails):
            kind = LOST_ANSWER if not former["is_answered"] else _charge(former, copy, faults, charged)
            if kind is None:
                unexplained.append(message_id)
                continue
            explained.append(message_id)
            by_kind[kind] += 1
    return explained, dict(by_kind), unexplained


def never_known(
    sink: Sequence[dict[str, Any]], faults: Sequence[dict[str, Any]], accepted: Collection[str]
) -> list[str]:
    """Message-ID of mails that arrived while nobody could know it, and that then needed no repeat.

    Their user was quick: he chose his password by the link of a mail whose 250 was cut or died with its worker.
    """
    last = {mail["message_id"]: mail for mail in sink}
    return [it for it, mail in last.items() if it not in accepted and _may_be_lost(mail, faults)]


def _may_be_lost(mail: dict[str, Any], faults: Sequence[dict[str, Any]]) -> bool:
    return not mail["is_answered"] or any(_may_have_taken(fault, mail) for fault in faults)


def _charge(
    former: dict[str, Any], copy: dict[str, Any], faults: Sequence[dict[str, Any]], charged: Counter[int]
) -> str | None:
    """The kind of the fault that is nearest and has not explained yet as many copies as it can; None where none is.

    `charged` counts by the fault's place in the list.
    """
    able: list[tuple[float, int]] = []
    for place, fault in enumerate(faults):
        is_kill = _may_have_taken(fault, former) and fault["at"] < copy["at"]
        is_sleeper = fault["kind"] == WOKE_UP and 0 <= copy["at"] - fault["at"] <= AFTER
        if (is_kill or is_sleeper) and charged[place] < _most(fault):
            able.append((abs(fault["at"] - (former if is_kill else copy)["at"]), place))
    if not able:
        return None
    _, place = min(able)
    charged[place] += 1
    return faults[place]["kind"]


def _may_have_taken(fault: dict[str, Any], mail: dict[str, Any]) -> bool:
    """Whether the commit of `accepted` may have died by this fault."""
    return fault["kind"] in KILLS and -BEFORE <= fault["at"] - mail["at"] <= AFTER


def _most(fault: dict[str, Any]) -> int:
    return IN_HAND * (WORKERS if fault["kind"] in OF_ALL_WORKERS else 1)

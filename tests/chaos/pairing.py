"""Which injected fault explains a mail that came twice. For the check of a chaos run.

A copy that follows one without an answer is explained by the cut or the silence after its final dot. A copy that
follows an answered one needs a process that was killed or frozen between that 250 and the commit of `accepted`: a
worker, or the database under it. Or it is of a worker that woke up and went on, while another had taken over its mail.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

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
WOKE_UP = "worker_woke_up"
BEFORE, AFTER = 0.5, 10.0
"""Seconds from a kill back to a 250 whose commit it may have taken: recovery, a busy machine."""


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
    for message_id, mails in copies.items():
        for former, copy in pairwise(mails):
            kind = _cause(former, faults) or _of_sleeper(copy, faults)
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
    return [it for it, mail in last.items() if it not in accepted and _cause(mail, faults) is not None]


def _cause(former: dict[str, Any], faults: Sequence[dict[str, Any]]) -> str | None:
    if not former["is_answered"]:
        return "smtp_no_answer_to_final_dot"
    near = [it for it in faults if it["kind"] in KILLS and -BEFORE <= it["at"] - former["at"] <= AFTER]
    return min(near, key=lambda it: abs(it["at"] - former["at"]))["kind"] if near else None


def _of_sleeper(copy: dict[str, Any], faults: Sequence[dict[str, Any]]) -> str | None:
    is_his = any(it["kind"] == WOKE_UP and 0 <= copy["at"] - it["at"] <= AFTER for it in faults)
    return WOKE_UP if is_his else None

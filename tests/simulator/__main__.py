# ruff: noqa: T201 - a command line
"""`make simulate SEEDS=100000 START=1`: many seeds, for nights. Prints how it goes and, of a failure, everything.

`--seed N` runs one seed and prints its trace; `--bug NAME` plants a bug first.
"""

import argparse
import os
import sys
import time
from collections import Counter

from tests.simulator.batch import kept_seeds, run_here, run_spread
from tests.simulator.planted_bugs import PLANTED
from tests.simulator.simulation import Outcome

REPORT_EVERY = 10.0
"""Seconds."""


def main() -> int:
    given = _arguments()
    if given.seed is not None:
        return _one(given.seed, given.bug)
    seeds = [*kept_seeds(), *range(given.start, given.start + given.seeds)]
    return _many(seeds, given.processes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--start", type=int, default=1, help="the first")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="this one alone, with its trace")
    parser.add_argument("--bug", choices=sorted(PLANTED), help="with --seed: a bug to plant")
    return parser.parse_args()


def _one(seed: int, bug: str | None) -> int:
    outcome = next(run_here([seed], bug))
    print("\n".join(outcome.trace))
    _print_failure(outcome) if outcome.broken else print(f"seed {seed} is green")
    return 0 if outcome.is_green else 1


def _many(seeds: list[int], processes: int) -> int:
    started = reported = time.monotonic()
    done, surplus, broken = 0, 0, 0
    faults: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for outcome in run_spread(seeds, processes):
        done, surplus = done + 1, surplus + outcome.surplus
        faults.update(outcome.faults)
        ends.update(outcome.ends)
        if outcome.broken:
            broken += 1
            print("\n".join(outcome.trace))
            _print_failure(outcome)
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            print(
                f"{done} of {len(seeds)} seeds, {done / (reported - started):.1f} a second, {broken} broken", flush=True
            )
    seconds = time.monotonic() - started
    print(f"{done} seeds in {seconds:.0f} s, {done / seconds:.1f} a second; {broken} broken; {surplus} surplus mails")
    print("faults injected:", dict(faults.most_common()))
    print("migrations ended:", dict(ends.most_common()))
    return 1 if broken else 0


def _print_failure(outcome: Outcome) -> None:
    print(f"\nseed {outcome.seed} is broken:\n{outcome.broken}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())

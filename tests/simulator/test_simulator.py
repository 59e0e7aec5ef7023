"""Many seeds, each the whole service in one process; `make simulate` runs as many as one likes."""

import os

from tests.simulator.batch import kept_seeds, run_here, run_spread
from tests.simulator.simulation import Outcome

SEEDS = 1000


def test_every_seed_keeps_the_invariants() -> None:
    seeds = [*kept_seeds(), *range(1, SEEDS + 1)]
    broken = [_said(outcome) for outcome in run_spread(seeds, os.cpu_count() or 1) if not outcome.is_green]
    assert not broken, "\n".join(broken)


def test_same_seed_is_the_same_run() -> None:
    seeds = [3, 7, 3, 7]
    first, second, *again = [(outcome.digest, outcome.faults) for outcome in run_here(seeds)]
    assert again == [first, second]
    spread = {outcome.seed: (outcome.digest, outcome.faults) for outcome in run_spread([3, 7], 2)}
    assert spread == {3: first, 7: second}


def _said(outcome: Outcome) -> str:
    return f"seed {outcome.seed} (python -m tests.simulator --seed {outcome.seed}): {outcome.broken}"

"""The simulator is sharp: each planted bug is found by the seed that is known for it, which is green without it."""

from contextlib import closing

import pytest

from tests.simulator.batch import run_here
from tests.simulator.planted_bugs import CAUGHT_BY

WITHIN = 15
"""Seeds that a bug has to show itself: the known one first; a change of the product moves it."""


@pytest.mark.parametrize("bug", sorted(CAUGHT_BY))
def test_planted_bug_is_caught_and_its_seed_is_green_without_it(bug: str) -> None:
    seeds = range(CAUGHT_BY[bug], CAUGHT_BY[bug] + WITHIN)
    with closing(run_here(seeds, bug)) as outcomes:
        caught = next((outcome.seed for outcome in outcomes if not outcome.is_green), None)
    assert caught is not None, f"{bug} is not found by the seeds {seeds}"
    assert [outcome.broken for outcome in run_here([caught])] == [None]

"""Commands, steps, choices, deadlines and deletions in any order, against a model of its own.

The model is written from the design's table (section 5), not from `domain/states.py`: it says what every command
answers and where every user stands, and after each rule the store must say the same. The use cases run on a real store
in the workflow's order but without Temporal: a step is asked again until it is done, and earlier ones may be repeated.
"""

import asyncio
from itertools import count

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from edition_migration.adapters.store.store import SqlStore
from tests.application.transition_machine import IN_REVIEW, Migrations
from tests.application.transition_model import (
    FORWARD,
    Service,
)

SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=24,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=(Phase.generate,),  # a failing run is short enough as it is; shrinking would take minutes
)
Act = tuple[int, str, int]

TOURS: list[tuple[bool, tuple[int, ...], list[Act]]] = [
    (
        False,
        (IN_REVIEW, -1, IN_REVIEW),
        [
            *((1, "exclude", 0), (2, "exclude", 0), (0, "select", 0), (0, "go_on", 5)),
            *((0, "sign_in_elsewhere", 0), (0, "ask_step", 0)),  # a sign-in elsewhere is no password
            *((0, "choose_password", 0), (0, "go_on", 1)),
            *((0, "undo", 0), (0, "select", 0), (0, "go_on", 2)),
        ],
    ),
    (
        False,
        (5, 5, 5),
        [(0, "cancel", 0), (2, "grant", 0), (2, "go_on", 0), (1, "go_on", 2), (0, "pass_time", 5), (1, "ask_step", 0)],
    ),
    (
        False,
        (IN_REVIEW, IN_REVIEW, IN_REVIEW),
        [
            *((0, "select", 0), (0, "release_wave", 0), (0, "deselect", 0)),
            *((0, "select", 0), (1, "select", 0), (2, "select", 0), (2, "release_wave", 0), (2, "ask_step", 0)),
            *((2, "deselect", 0), (0, "release_wave", 0), (0, "ask_step", 0), (0, "deliver", 0), (0, "deliver", 0)),
            *((0, "ask_step", 0), (0, "set_password_elsewhere", 0), (0, "ask_step", 0)),
        ],
    ),
    (
        True,
        (5, 5, IN_REVIEW),
        [(0, "sign_in_elsewhere", 0), (0, "go_on", 2), (0, "pass_time", 5), (1, "ask_step", 0)],
    ),
]
"""Single sign-on or not, where each begins, and what happens: together they make every legal move once."""


def take_tours(machine: type[Migrations]) -> None:
    for is_single_sign_on, starts, acts in TOURS:
        tour = machine()
        tour.prepare(is_single_sign_on, starts)
        for who, act, number in acts:
            tour.happens(who, act, number)
            tour.the_store_says_what_the_model_says()


def test_whatever_happens_the_store_is_where_the_model_is(sqlite_store_url: str) -> None:
    loop, seen = asyncio.new_event_loop(), set[tuple[str, str]]()
    service = Service(SqlStore(sqlite_store_url))
    machine = type("Migrations", (Migrations,), {"loop": loop, "service": service, "seen": seen, "runs": count(1)})
    take_tours(machine)
    moves = {(source, target) for source, targets in FORWARD.items() for target in targets}
    assert moves <= seen, f"never seen: {sorted(moves - seen)}"
    run_state_machine_as_test(machine, settings=SETTINGS)
    loop.run_until_complete(service.store.dispose())
    loop.close()

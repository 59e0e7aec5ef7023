"""The breaker: who is let through, when it tries again, and what closes it."""

import pytest

from edition_migration.application.relay_breaker import LONGEST_REST, RelayBreaker
from edition_migration.domain.errors import RelayUnavailable
from tests.doubles import KeepingMeter, StillPace

DOWN = RelayUnavailable("The relay answered 421", is_for_all=True, mend="look at the relay")
GREYLISTED = RelayUnavailable("The relay answered 450 to RCPT")


@pytest.fixture
def pace() -> StillPace:
    return StillPace()


@pytest.fixture
def meter() -> KeepingMeter:
    return KeepingMeter()


@pytest.fixture
def breaker(pace: StillPace, meter: KeepingMeter) -> RelayBreaker:
    return RelayBreaker(pace=pace, meter=meter)


def is_let_through(breaker: RelayBreaker) -> bool:
    try:
        breaker.admit()
    except RelayUnavailable:
        return False
    return True


def test_fault_of_one_mail_stops_no_other(breaker: RelayBreaker) -> None:
    breaker.report(GREYLISTED)
    assert is_let_through(breaker)


def test_held_mail_says_why_and_is_no_fault_of_its_own(breaker: RelayBreaker) -> None:
    breaker.report(DOWN)
    with pytest.raises(RelayUnavailable) as held:
        breaker.admit()
    assert held.value.message == "Held back, the relay serves nobody: The relay answered 421"
    assert (held.value.mend, held.value.outcome_unknown) == ("look at the relay", False)


def test_one_try_a_rest_and_rests_that_grow_to_a_minute(breaker: RelayBreaker, pace: StillPace) -> None:
    breaker.report(DOWN)
    tries: list[float] = []
    for second in range(1, 301):
        pace.seconds = float(second)
        if is_let_through(breaker):
            tries.append(second)
            breaker.report(DOWN)
        assert not is_let_through(breaker)
    assert tries == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert tries[-1] - tries[-2] == LONGEST_REST


def test_faults_of_mails_that_were_on_their_way_already_do_not_lengthen_the_rest(
    breaker: RelayBreaker, pace: StillPace
) -> None:
    for _ in range(10):
        breaker.report(DOWN)
    pace.seconds = 1.0
    assert is_let_through(breaker)


def test_try_that_nobody_heard_of_again_costs_one_rest(breaker: RelayBreaker, pace: StillPace) -> None:
    breaker.report(DOWN)
    pace.seconds = 1.0
    assert is_let_through(breaker)
    pace.seconds = 3.0
    assert is_let_through(breaker)


@pytest.mark.parametrize("served", [None, GREYLISTED])
def test_first_mail_that_is_served_lets_all_through_at_once(
    breaker: RelayBreaker, pace: StillPace, served: RelayUnavailable | None
) -> None:
    breaker.report(DOWN)
    pace.seconds = 1.0
    assert is_let_through(breaker)
    breaker.report(served)
    assert all(is_let_through(breaker) for _ in range(3))
    breaker.report(DOWN)
    pace.seconds = 2.0
    assert is_let_through(breaker), "the next outage begins with the shortest rest"


@pytest.mark.parametrize("served", [None, GREYLISTED])
def test_operators_see_it_open_until_the_relay_has_served_a_mail(
    breaker: RelayBreaker, pace: StillPace, meter: KeepingMeter, served: RelayUnavailable | None
) -> None:
    def shown() -> float:
        return meter.shown["edition_migration_relay_breaker_open",]

    assert shown() == 0
    breaker.report(DOWN)
    assert shown() == 1
    pace.seconds = 1.0
    assert is_let_through(breaker)
    assert shown() == 1, "a try is no mail served"
    breaker.report(served)
    assert shown() == 0

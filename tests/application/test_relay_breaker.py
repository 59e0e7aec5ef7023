"""The breaker: who is let through, when it tries again, and what closes it."""

import pytest

from edition_migration.application.relay_breaker import IN_A_ROW, LONGEST_REST, RelayBreaker
from edition_migration.domain.errors import AddressRefused, EditionMigrationError, RelayUnavailable
from edition_migration.domain.refusals import Blame
from tests.doubles import KeepingMeter, StillPace

DOWN = RelayUnavailable("The relay answered 421", is_for_all=True, mend="look at the relay")
GREYLISTED = RelayUnavailable("The relay answered 450 to RCPT")
GONE = AddressRefused("The relay answered 550 to RCPT", reply_code=550)
PERHAPS_GONE = AddressRefused("The relay answered 550 to RCPT", reply_code=550, blame=Blame.LIKELY_ADDRESS)
FORBIDDEN = AddressRefused("The relay answered 554 to RCPT", reply_code=554, blame=Blame.UNCLEAR)


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


def hear(breaker: RelayBreaker, answer: EditionMigrationError | None, mail_id: str = "m1") -> bool:
    """Whether the mail has come to its end by this answer of the relay; None for its 250."""
    match answer:
        case None:
            breaker.report_taken(mail_id)
        case AddressRefused():
            return breaker.report_refusal(mail_id, answer) is None
        case RelayUnavailable():
            breaker.report_fault(answer)
            return False
        case _:
            raise TypeError
    return True


def test_fault_of_one_mail_stops_no_other(breaker: RelayBreaker) -> None:
    breaker.report_fault(GREYLISTED)
    assert is_let_through(breaker)


def test_held_mail_says_why_and_is_no_fault_of_its_own(breaker: RelayBreaker) -> None:
    breaker.report_fault(DOWN)
    with pytest.raises(RelayUnavailable) as held:
        breaker.admit()
    assert held.value.message == "Held back, the relay serves nobody: The relay answered 421"
    assert (held.value.mend, held.value.outcome_unknown) == ("look at the relay", False)


def test_one_try_a_rest_and_rests_that_grow_to_a_minute(breaker: RelayBreaker, pace: StillPace) -> None:
    breaker.report_fault(DOWN)
    tries: list[float] = []
    for second in range(1, 301):
        pace.seconds = float(second)
        if is_let_through(breaker):
            tries.append(second)
            breaker.report_fault(DOWN)
        assert not is_let_through(breaker)
    assert tries == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert tries[-1] - tries[-2] == LONGEST_REST


def test_faults_of_mails_that_were_on_their_way_already_do_not_lengthen_the_rest(
    breaker: RelayBreaker, pace: StillPace
) -> None:
    for _ in range(10):
        breaker.report_fault(DOWN)
    pace.seconds = 1.0
    assert is_let_through(breaker)


def test_try_that_nobody_heard_of_again_costs_one_rest(breaker: RelayBreaker, pace: StillPace) -> None:
    breaker.report_fault(DOWN)
    pace.seconds = 1.0
    assert is_let_through(breaker)
    pace.seconds = 3.0
    assert is_let_through(breaker)


@pytest.mark.parametrize("served", [None, GREYLISTED, GONE])
def test_first_mail_that_is_served_lets_all_through_at_once(
    breaker: RelayBreaker, pace: StillPace, served: EditionMigrationError | None
) -> None:
    breaker.report_fault(DOWN)
    pace.seconds = 1.0
    assert is_let_through(breaker)
    hear(breaker, served)
    assert all(is_let_through(breaker) for _ in range(3))
    breaker.report_fault(DOWN)
    pace.seconds = 2.0
    assert is_let_through(breaker), "the next outage begins with the shortest rest"


@pytest.mark.parametrize("served", [None, GREYLISTED, GONE])
def test_operators_see_it_open_until_the_relay_has_served_a_mail(
    breaker: RelayBreaker, pace: StillPace, meter: KeepingMeter, served: EditionMigrationError | None
) -> None:
    def shown() -> float:
        return meter.shown["edition_migration_relay_breaker_open",]

    assert shown() == 0
    breaker.report_fault(DOWN)
    assert shown() == 1
    pace.seconds = 1.0
    assert is_let_through(breaker)
    assert shown() == 1, "a try is no mail served"
    hear(breaker, served)
    assert shown() == 0


def test_unclear_refusal_holds_all_and_is_nobodys_end_while_the_relay_takes_no_mail(
    breaker: RelayBreaker, pace: StillPace
) -> None:
    for number in range(100):
        assert not hear(breaker, FORBIDDEN, f"m{number % 5}")
        assert not is_let_through(breaker)
        pace.seconds += LONGEST_REST
        assert is_let_through(breaker)
    with pytest.raises(RelayUnavailable) as held:
        breaker.admit()
    assert held.value.message == "Held back, the relay serves nobody: The relay answered 554 to RCPT"
    assert held.value.mend == "see in the relay's log whether it refuses us all"


def test_a_lone_mail_that_is_refused_unclearly_is_in_doubt_for_ever_and_the_alarm_calls(
    breaker: RelayBreaker, pace: StillPace, meter: KeepingMeter
) -> None:
    for _ in range(7 * 24 * 60):
        assert is_let_through(breaker)
        assert not hear(breaker, FORBIDDEN, "hers")
        assert meter.shown["edition_migration_relay_breaker_open",] == 1
        pace.seconds += LONGEST_REST


def test_a_doubt_is_no_fault_for_all_so_that_others_are_tried_before_this_mail(breaker: RelayBreaker) -> None:
    doubt = breaker.report_refusal("hers", FORBIDDEN)
    assert doubt is not None
    assert (doubt.is_for_all, doubt.outcome_unknown) == (False, False)


def test_unclear_refusal_is_the_mails_own_at_the_third_time_with_others_taken_between(breaker: RelayBreaker) -> None:
    ends: list[bool] = []
    for _ in range(3):
        ends += [hear(breaker, FORBIDDEN, "hers"), hear(breaker, FORBIDDEN, "hers"), hear(breaker, FORBIDDEN, "his")]
        hear(breaker, None, "another")
        assert is_let_through(breaker)
    assert ends == [False] * 6 + [True, False, True]


def test_mail_that_was_taken_after_all_is_under_no_suspicion(breaker: RelayBreaker) -> None:
    for _ in range(2):
        hear(breaker, FORBIDDEN)
        hear(breaker, None, "another")
    hear(breaker, None)
    assert not hear(breaker, FORBIDDEN)


def test_many_likely_refusals_in_a_row_are_the_relays_until_it_takes_a_mail(
    breaker: RelayBreaker, pace: StillPace
) -> None:
    ends = [hear(breaker, PERHAPS_GONE, f"m{number}") for number in range(IN_A_ROW + 1)]
    assert ends == [True] * (IN_A_ROW - 1) + [False] * 2
    assert not is_let_through(breaker)
    hear(breaker, None, "another")
    assert is_let_through(breaker)
    assert hear(breaker, PERHAPS_GONE, "m5")


def test_addresses_that_the_relay_names_are_refused_however_many(breaker: RelayBreaker) -> None:
    assert all(hear(breaker, GONE, f"m{number}") for number in range(100))
    assert is_let_through(breaker)

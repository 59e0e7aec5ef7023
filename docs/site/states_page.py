"""The reference of states, steps, commands and reasons, from the one table of legal transitions."""

from docs.site.tables import code, page, table
from edition_migration.domain.commands import LEGAL_IN
from edition_migration.domain.migration import Attention
from edition_migration.domain.overview import STEP_OF_STATE, next_in
from edition_migration.domain.states import (
    TERMINAL,
    TRANSITIONS,
    AccountStatus,
    CancelReason,
    CredentialState,
    InactiveReason,
    MigrationState,
    SkipReason,
)


def states_page() -> str:
    return page(
        "States and transitions",
        "One user's migration is in exactly one state. A terminal state ends its generation; `select` begins the next "
        "one where the table of commands allows it.",
        "## States",
        table(("State", "Step", "What comes next"), [_state(it) for it in MigrationState]),
        "## Transitions",
        table(("From", "To", "Because of"), [(code(it.source), code(it.target), it.cause) for it in TRANSITIONS]),
        "## Commands",
        "In which states a command can change something. Elsewhere it is refused with the reason. "
        "`fix_address` is not bound to a state.",
        table(("Command", "States"), [(code(kind), _listed(LEGAL_IN[kind])) for kind in LEGAL_IN]),
        "## Reasons and facts",
        "These stand beside the state and are never merged with it.",
        table(("Fact", "Values"), _facts()),
    )


def _state(state: MigrationState) -> tuple[str, str, str]:
    step = STEP_OF_STATE.get(state)
    return code(state), code(step) or ("terminal" if state in TERMINAL else ""), next_in(state) or "nothing"


def _listed(states: frozenset[MigrationState]) -> str:
    return ", ".join(code(it) for it in MigrationState if it in states)


def _facts() -> list[tuple[str, str]]:
    facts = {
        "Reason of SKIPPED": SkipReason,
        "Reason of CANCELLED": CancelReason,
        "Attention: what stops one user": Attention,
        "Account status": AccountStatus,
        "Why an account is inactive": InactiveReason,
        "What the credential is worth": CredentialState,
    }
    return [(name, ", ".join(code(it.value) for it in kind)) for name, kind in facts.items()]

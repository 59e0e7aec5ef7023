"""Everybody who acts, and how often one against the other. A new behavior gets its line here."""

from collections.abc import Callable

from edition_migration.domain.commands import CommandKind
from tests.simulator import actors, administration
from tests.simulator.provisioning import EVENTS
from tests.simulator.world import World

Act = Callable[[World], None]

_PEOPLE: tuple[tuple[int, Act], ...] = (
    (6, actors.select_some),
    (8, actors.choose_password),
    (3, actors.ask_new_link),
    (1, actors.sign_in_with_the_old_password),
    (2, actors.command(CommandKind.EXCLUDE)),
    (2, actors.command(CommandKind.DESELECT)),
    (2, actors.command(CommandKind.CANCEL)),
    (3, actors.command(CommandKind.ACTIVATE)),
    (2, actors.command(CommandKind.RESEND)),
    (2, actors.command(CommandKind.RETRY)),
    (3, actors.command(CommandKind.UNDO)),
    (2, administration.extend_deadline),
    (2, administration.fix_address),
    (2, administration.change_mail_times),
    (2, administration.pause),
    (2, administration.control_wave),
    (3, actors.update_from_the_ui),
    (1, administration.update_of_the_organization),
    (1, actors.native_cancel),
    (1, administration.cancel_a_wave_natively),
    (1, administration.terminate_a_migration),
    (1, actors.end_the_organizations_run),
)


def next_act(world: World) -> Act:
    """What the seed chooses; before anybody is enrolled only provisioning has something to say."""
    is_told = not world.ground.is_anybody_enrolled() or world.random.random() < 0.3
    acts = EVENTS if is_told else _PEOPLE
    return world.random.choices([act for _, act in acts], [weight for weight, _ in acts])[0]

"""Who acts on the service: each function is one thing that one of them does now. The seed says who and when.

What a person or a sender gets no answer to, he does again under the same id; that is their part of at-least-once.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from edition_migration.application.credentials import ChoiceResult
from edition_migration.application.selection import SelectionOrder
from edition_migration.domain.commands import CommandKind, CommandRequest
from edition_migration.domain.errors import Conflict, EditionMigrationError, TemporalUnavailable
from edition_migration.domain.gate import SignInResult
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from tests.doubles import CountingHasher
from tests.e2e.world import OLD_PASSWORD
from tests.simulator import sdk
from tests.simulator.executions import Broken
from tests.simulator.stage import Work
from tests.simulator.world import ORG, World

PATIENCE = 6
"""How often somebody tries again what got no answer."""

Deed = Callable[[], Coroutine[Any, Any, Any]]


async def with_bells(world: World, deed: Coroutine[Any, Any, Any]) -> Any:
    """What was done, and the ring behind it, which may be lost: the sweep rings again."""
    answer = await deed
    if world.random.random() < 0.7:
        try:
            await world.services.bells.ring_due()
        except EditionMigrationError:
            world.note("the ring was lost")
    return answer


def insist(world: World, name: str, deed: Deed, on_answer: Callable[[Any], None] | None = None) -> None:
    """Does it until it is answered; a refusal is an answer."""

    def begin(tries: int) -> None:
        def on_end(work: Work) -> None:
            if work.error is None:
                world.note(f"answered: {name}: {_short(work.result)}")
                if on_answer is not None:
                    on_answer(work.result)
            elif isinstance(work.error, EditionMigrationError) and not work.error.retryable:
                _only_expected(name, work.error)
            elif tries < PATIENCE:
                begin(tries + 1)

        world.begin(name, with_bells(world, deed()), on_end)

    begin(1)


def _only_expected(name: str, error: EditionMigrationError) -> None:
    if error.code in ("internal", "inconsistent") or isinstance(error, Conflict | TemporalUnavailable):
        raise Broken(f"{name} ends with {error.code}: {error.message}")


def _short(result: Any) -> str:
    return str(result)[:160]


def select_some(world: World) -> None:
    """An administrator selects some users, in an order of his own."""
    users = world.random.sample(world.user_ids, world.random.randint(1, len(world.user_ids)))
    activation = world.random.choice([None, None, *Activation])
    delay = timedelta(hours=world.random.choice([1, 30])) if activation is Activation.DELAYED else None
    pilot = 1 if world.random.random() < 0.1 else None
    later = world.clock.now() + timedelta(hours=10) if world.random.random() < 0.1 else None
    order = SelectionOrder(
        ORG, users, "admin", f"select-{world.number()}", activation, delay, release_at=later, pilot=pilot
    )
    _twice_at_times(world, f"select {users} {activation}", lambda: world.services.selection.select(order))


def select_everybody(world: World) -> None:
    """An administrator selects all, who are activated with their instructions."""
    order = SelectionOrder(ORG, world.user_ids, "admin", f"select-{world.number()}", Activation.WITH_INSTRUCTIONS, None)
    insist(world, "select everybody", lambda: world.services.selection.select(order))


def command(kind: CommandKind) -> Callable[[World], None]:
    """An administrator's command on one user, given on the command line."""

    def give(world: World) -> None:
        user_id = world.random.choice(world.user_ids)
        command_id = f"{kind}-{world.number()}"

        async def deed() -> Any:
            return await world.services.commands.apply_each(
                kind, ORG, [user_id], request=CommandRequest(actor="admin"), command_id=command_id
            )

        _twice_at_times(world, f"{kind} {user_id}", deed)

    return give


def _twice_at_times(world: World, name: str, deed: Deed) -> None:
    """Under the same id: an impatient second click."""
    insist(world, name, deed)
    if world.random.random() < 0.2:
        insist(world, f"{name}, again", deed)


def update_from_the_ui(world: World) -> None:
    """An operator's Update of a user's workflow."""
    runs = [run for run in world.temporal.running() if run.identity.workflow_id.startswith("migration/")]
    if not runs:
        return
    without = (CommandKind.FIX_ADDRESS, CommandKind.UNDO)  # an address is no payload; who is through has no workflow
    run, kind = world.random.choice(runs), world.random.choice([it for it in CommandKind if it not in without])
    world.note(f"Update {kind} of {run.identity.workflow_id}")
    run.give(sdk.update(f"update-{world.number()}", kind, CommandRequest()))


def native_cancel(world: World) -> None:
    """An operator cancels a user's workflow itself."""
    runs = [run for run in world.temporal.running() if isinstance(run.identity.argument, MigrationRef)]
    if runs:
        run = world.random.choice(runs)
        world.note(f"native cancel of {run.identity.workflow_id}")
        run.give(sdk.native_cancel())


def end_the_organizations_run(world: World) -> None:
    """An operator terminates or cancels the organization's workflow; the sweep starts it again."""
    run = world.temporal.latest(f"organization/{ORG}")
    if run is None or not run.is_running:
        return
    if world.random.random() < 0.5:
        world.note("the organization's workflow is terminated")
        world.temporal.terminate(run)
    else:
        world.note("the organization's workflow is cancelled")
        run.give(sdk.native_cancel())


def choose_password(world: World) -> None:
    """A user opens a link of his mailbox, the newest or an old one, at times in two browsers at once."""
    links = [mail for mail in world.sink.received if mail.link]
    if not links:
        return
    mail = links[-1] if world.random.random() < 0.6 else world.random.choice(links)
    for _ in range(2 if world.random.random() < 0.3 else 1):
        _choose(world, world.ground.user_of(mail.mail_id), mail.link.rpartition("/")[2])


def choose_newest(world: World, user_id: str) -> None:
    """A user who does what his newest mail asks of him."""
    if link := newest_link(world, user_id):
        _choose(world, user_id, link.rpartition("/")[2])


def newest_link(world: World, user_id: str) -> str | None:
    """The last link that was mailed to him."""
    links = [mail.link for mail in world.sink.received if mail.link and world.ground.user_of(mail.mail_id) == user_id]
    return links[-1] if links else None


def _choose(world: World, user_id: str, token: str) -> None:
    password = f"quiet harbor lantern meadow {world.number()}"

    def on_answer(answer: Any) -> None:
        if answer.result is ChoiceResult.CHOSEN:
            world.chosen.append((user_id, CountingHasher.quick(password)))

    insist(world, f"{user_id} chooses a password", lambda: world.credentials.choose(token, password), on_answer)


def ask_new_link(world: World) -> None:
    """A user asks for another link on the page of one that he has."""
    links = [mail for mail in world.sink.received if mail.link]
    if links:
        token = world.random.choice(links).link.rpartition("/")[2]
        insist(world, "a new link is asked for", lambda: world.credentials.request_new_link(token))


def sign_in_with_the_old_password(world: World) -> None:
    """A guest tries his old password with his old client."""
    user_id = world.random.choice(world.user_ids)
    email = f"{user_id}@acme.example"
    deed = lambda: world.sign_in.attempt(email, OLD_PASSWORD, "5.2")  # noqa: E731 - one deed, named by its line
    insist(
        world,
        f"{user_id} signs in with the old password",
        deed,
        lambda answer: _never_after_a_new_one(world, user_id, answer.result),
    )


def _never_after_a_new_one(world: World, user_id: str, result: SignInResult) -> None:
    if result is SignInResult.SIGNED_IN and any(user == user_id for user, _ in world.chosen):
        raise Broken(f"I4 the old password of {user_id} opens the account after he chose a new one")

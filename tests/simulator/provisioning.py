"""The provisioning system and the relay: send events at least once, in an order of their own, and repeat some."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from edition_migration.domain.policies import FORBIDS_MIGRATION
from tests.simulator.actors import with_bells
from tests.simulator.stage import Work
from tests.simulator.world import DOMAIN, OFFICE, ORG, OTHER_DOMAIN, World


def document(world: World, event_type: str, **data: Any) -> dict[str, Any]:
    """An event; its sequence orders facts, at times against the order of sending."""
    number = world.number()
    is_late_news = world.random.random() < 0.15
    sequence = number - world.random.randint(2, 12) if is_late_news else number
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "urn:provisioning:simulator",
        "type": event_type,
        "time": (world.clock.now() - timedelta(seconds=number - sequence)).isoformat(),
        "sequence": f"{sequence + 100:08}",
        "data": {"org_id": ORG, **data},
    }


def send(world: World, event: dict[str, Any]) -> None:
    """Until it is answered; what has no answer goes back to what is to be sent."""
    world.documents.append(event)

    def on_end(work: Work) -> None:
        if work.error is not None:
            world.to_send.append(event)

    world.begin(
        f"event {event['id']} {event['type']} {_said(event)}",
        with_bells(world, world.services.intake.receive(event)),
        on_end,
    )


def _said(event: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in event["data"].items() if name not in ("org_id", "name"))


def send_again(world: World) -> None:
    """What got no answer, or for no reason an old one."""
    events = world.to_send or world.documents
    if events:
        event = world.random.choice(events)
        if event in world.to_send:
            world.to_send.remove(event)
        send(world, event)


def provision(world: World) -> None:
    """The whole service; a second one with other numbers is as good as the first."""
    event = document(
        world,
        "org.service.provisioned",
        name="Acme Cooperative",
        domains=[DOMAIN],
        licenses_purchased=world.random.choice([0, 1, 2, 3, 3]),
        storage_purchased_mb=world.random.choice([150, 1000]),
        client_download_url="https://acme.example/client",
        administrators=["admin@acme.example"],
        notification_email=OFFICE,
        is_single_sign_on=world.random.random() < 0.15,
    )
    send(world, event)


def _user_event(event_type: str, **data: Callable[[World, str], Any]) -> Callable[[World], None]:
    def tell(world: World) -> None:
        user_id = world.random.choice(world.user_ids)
        send(
            world,
            document(world, event_type, user_id=user_id, **{name: it(world, user_id) for name, it in data.items()}),
        )

    return tell


def _address(world: World, user_id: str) -> str:
    domain = OTHER_DOMAIN if world.random.random() < 0.2 else DOMAIN
    address = f"{user_id}.{world.number()}@{domain}"
    world.addresses[user_id].add(address)
    return address


def late_guest(world: World) -> None:
    """A user whom nobody has heard of yet."""
    user_id = f"u{len(world.user_ids) + 1}"
    world.user_ids.append(user_id)
    world.addresses[user_id] = {f"{user_id}@{DOMAIN}"}
    send(
        world,
        document(
            world,
            "user.created",
            user_id=user_id,
            email=f"{user_id}@{DOMAIN}",
            client_version="5.2",
            storage_used_mb=50,
        ),
    )


def _of_organization(event_type: str, **data: Callable[[World], Any]) -> Callable[[World], None]:
    def tell(world: World) -> None:
        send(world, document(world, event_type, **{name: it(world) for name, it in data.items()}))

    return tell


def _policies(world: World) -> dict[str, Any]:
    """That forbid the Business Edition, or allow it again."""
    return {"organization": {FORBIDS_MIGRATION: world.random.random() < 0.6}}


def mail_event(world: World) -> None:
    """What became of a mail behind the relay."""
    accepted = world.ground.accepted_mails()
    if not accepted:
        return
    mail_id = world.random.choice(accepted)
    what = world.random.choice(["bounced", "bounced", "delivered", "complained"])
    if what == "bounced":
        world.returned.append(mail_id)
    send(world, document(world, f"mail.{what}", message_id=f"<{mail_id}@mail.example>"))


EVENTS: tuple[tuple[int, Callable[[World], None]], ...] = (
    (4, send_again),
    (1, provision),
    (1, late_guest),
    (3, _of_organization("org.licenses.changed", licenses_purchased=lambda world: world.random.randint(0, 4))),
    (1, _of_organization("org.domain.removed", domain=lambda _: DOMAIN)),
    (1, _of_organization("org.domain.added", domain=lambda _: DOMAIN)),
    (1, _of_organization("org.sso.changed", is_single_sign_on=lambda world: world.random.random() < 0.5)),
    (1, _of_organization("org.deprovisioned")),
    (1, _of_organization("org.policy.changed", policies=_policies)),
    (1, _user_event("user.deleted")),
    (2, _user_event("user.email_changed", email=_address)),
    (1, _user_event("user.updated", client_version=lambda world, _: world.random.choice(["5.2", "6.1"]))),
    (1, _user_event("user.updated", storage_used_mb=lambda world, _: world.random.choice([0, 90, 400]))),
    (1, _user_event("user.updated", status=lambda world, _: world.random.choice(["active", "inactive"]))),
    (1, _user_event("user.updated", edition=lambda world, _: world.random.choice(["guest", "business"]))),
    (1, _user_event("user.signed_in", is_federated=lambda *_: True)),
    (1, _user_event("credential.password_set")),
    (3, mail_event),
)

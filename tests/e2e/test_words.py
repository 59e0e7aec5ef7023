"""A user is written to in his own language, and in the organization's own words where there are any."""

from edition_migration.application.own_text_views import OwnTextOrder
from edition_migration.application.own_texts import OwnTexts
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import World, guest, text_of

ADA = "ada@acme.example"


async def test_a_german_reads_german_and_the_instructions_of_his_organization(world: World) -> None:
    await world.guests(guest("ada", locale="de-AT", display_name="Ada Weiß"))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    order = OwnTextOrder(
        org=world.org_id,
        kind="instructions",
        language="de",
        subject="Grüße an %USERNAME%",
        body="Bitte laden Sie den Client:\n%CLIENTDOWNLOADURL%\n\nIhre Kontakte ziehen nicht mit um.",
        actor="staff-1",
        command_id="c1",
    )
    await OwnTexts(store=world.store, clock=world.clock).set(order)
    await world.select("ada")
    await world.until_mailed(ADA, 3)
    assert world.subjects_to(ADA) == [
        "Ihr Konto der Guest Edition wurde deaktiviert",
        "Grüße an Ada Weiß",
        "Wählen Sie Ihr neues Passwort für die Business Edition",
    ]
    instructions, reset = (text_of(mail).replace("\r\n", "\n") for mail in world.mails_to(ADA)[1:])
    assert instructions == (
        "Bitte laden Sie den Client:\nhttps://acme.example/client\n\nIhre Kontakte ziehen nicht mit um.\n"
    )
    assert reset.startswith("Guten Tag Ada Weiß,\n")

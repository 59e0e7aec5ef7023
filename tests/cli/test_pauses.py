"""`pause` and `resume`, of an organization and of the whole service, and what `status` says meanwhile."""

from typing import Any

from tests.cli.conftest import CommandLine


def test_an_organization_is_paused_and_resumed_and_a_repeat_says_so(cli: CommandLine) -> None:
    cli.put()
    paused = cli.run("pause", "--actor", "staff-7")
    assert (paused.exit_code, paused.stdout, paused.stderr) == (0, "Paused: acme.\n", "")
    again = cli.run("pause", "--org", "acme")
    assert again.stdout == "Paused already: acme.\n"
    assert again.stderr == "Paused: acme, since 2026-11-22 12:00 (UTC) by staff-7.\n"
    assert "Paused: acme, since 2026-11-22 12:00 (UTC) by staff-7.\n" in cli.run("status").stderr

    resumed = cli.run("resume")
    assert (resumed.exit_code, resumed.stdout, resumed.stderr) == (0, "Resumed: acme.\n", "")
    assert cli.gateway.rung == ["organization/acme"]
    assert cli.run("resume").stdout == "No pause to end: acme.\n"
    assert "Paused" not in cli.run("status").stderr


def test_the_whole_service_is_paused_beside_an_organization(cli: CommandLine) -> None:
    cli.put()
    running: list[dict[str, Any]] = [
        {"org_id": None, "started_at": "2026-11-22T12:00:00Z", "actor": "cli"},
        {"org_id": "acme", "started_at": "2026-11-22T12:00:00Z", "actor": "cli"},
    ]
    assert cli.json("pause", "--service") == {"org_id": None, "verdict": "paused", "pauses": running[:1]}
    assert cli.json("pause", "--org", "acme") == {"org_id": "acme", "verdict": "paused", "pauses": running}
    assert cli.json("status")["pauses"] == running

    resumed = cli.run("resume", "--org", "acme")
    assert resumed.stdout == "Resumed: acme.\n"
    assert resumed.stderr.splitlines()[-1] == "Nobody goes on before that ends too."
    assert cli.gateway.rung == []
    assert cli.json("resume", "--service") == {"org_id": None, "verdict": "resumed", "pauses": []}
    assert cli.gateway.rung == ["organization/acme"]

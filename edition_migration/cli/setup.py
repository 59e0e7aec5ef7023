"""`setup`, `secrets` and the door to `demo`."""

import asyncio
import base64
import importlib
import secrets as random
from typing import Annotated

import typer

from edition_migration.cli.session import session_of

KEY_BYTES = 32


def setup(
    ctx: typer.Context,
    creates_namespace: Annotated[
        bool, typer.Option("--create-namespace", help="Make Temporal's namespace, where it is missing.")
    ] = False,
) -> None:
    """Prepare database and Temporal: schema, namespace, search attributes. A repeat changes nothing."""
    for line in asyncio.run(_set_up(ctx, creates_namespace=creates_namespace)):
        typer.echo(line)


async def _set_up(ctx: typer.Context, *, creates_namespace: bool) -> list[str]:
    return list(await session_of(ctx).set_up(creates_namespace=creates_namespace))


def secrets() -> None:
    """Print new secrets as lines of a .env file. Keep them; old link keys must stay while their links live."""
    key, webhook = (base64.b64encode(random.token_bytes(KEY_BYTES)).decode() for _ in range(2))
    typer.echo(f"EDITION_MIGRATION_LINK_KEYS={random.token_hex(4)}:{key}")
    typer.echo(f"EDITION_MIGRATION_WEBHOOK_SECRETS=whsec_{webhook}")
    typer.echo(f"EDITION_MIGRATION_PAGE_SECRET={random.token_urlsafe(KEY_BYTES)}")


def demo(
    ctx: typer.Context,
    is_exiting: Annotated[
        bool, typer.Option("--exit", help="End by itself; code 0 only if every outcome is the expected one.")
    ] = False,
) -> None:
    """Play a whole migration on this machine with example data, and show where to look until Ctrl-C."""
    demo_module = importlib.import_module("edition_migration.cli.demo")  # loads more than other commands need
    raise typer.Exit(demo_module.run(session_of(ctx).open_services, is_exiting=is_exiting))

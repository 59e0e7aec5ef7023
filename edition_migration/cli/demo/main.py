"""Sets the scene, lets the chapters play, compares what came out, and stays until Ctrl-C. Used by `starter.py demo`."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from edition_migration.cli.demo.failure import DemoFailed, until
from edition_migration.cli.demo.ground import Ground, lay, python
from edition_migration.cli.demo.outcomes import COLUMNS, Outcome, differences, outcome_of, read_guests, table_rows
from edition_migration.cli.demo.players import Client, Mailbox, ProvisioningSystem
from edition_migration.cli.demo.processes import Processes
from edition_migration.cli.demo.screen import Screen
from edition_migration.cli.demo.stage import Stage
from edition_migration.cli.demo.story import CHAPTERS
from edition_migration.cli.demo.tools import mailbox_command, run_starter
from edition_migration.cli.demo.web import is_answering
from edition_migration.cli.services import CliServices, OpenServices

SETTLING = 20.0
"""Seconds for the last mails and states to arrive."""


def run(open_services: OpenServices, *, is_exiting: bool) -> int:
    """Plays the demo; the exit code is 0 only if every outcome is the expected one.

    Without `is_exiting` all stays up until Ctrl-C. Processes and files are gone afterwards; after a failure the logs
    stay, and are named. Ctrl-C in the middle gives 130.
    """
    screen = Screen()
    try:
        with lay() as ground:
            os.environ.update(ground.environ)
            demo = _demo(ground, screen, open_services, is_exiting=is_exiting)
            try:
                return asyncio.run(_until_interrupted(demo, screen))
            except DemoFailed as failure:
                raise DemoFailed(
                    f"{failure}\n   Its logs stay in {ground.state / 'logs'} until the next run."
                ) from None
    except DemoFailed as failure:
        screen.wrong(f"The demo failed. {failure}")
        return 1


async def _until_interrupted(demo: Coroutine[Any, Any, int], screen: Screen) -> int:
    """Ctrl-C, SIGTERM and a closed terminal end the demo in order; a second one does not hurry it."""
    task = asyncio.create_task(demo)
    interrupted = asyncio.Event()

    def interrupt() -> None:
        if not interrupted.is_set():
            interrupted.set()
            screen.say("Ending all processes.")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        return 128 + signal.SIGINT


async def _demo(ground: Ground, screen: Screen, open_services: OpenServices, *, is_exiting: bool) -> int:
    async with Processes(folder=ground.state, logs=ground.state / "logs", environ=ground.environ) as processes:
        await _set_up(ground, screen, processes)
        async with open_services() as services:
            await _first(_play(_stage(ground, screen, services)), processes.watch())
        _say_where(ground, screen)
        if not is_exiting:
            screen.say("Ctrl-C ends it all.")
            with contextlib.suppress(asyncio.CancelledError):
                await processes.watch()
    return 0


async def _set_up(ground: Ground, screen: Screen, processes: Processes) -> None:
    ports = ground.ports
    screen.chapter("Setting the scene")
    screen.say(f"state, logs and the demo's own secrets ({ground.env_file.name}) are in {ground.state}")
    await asyncio.gather(_serve_temporal(ground, processes), _serve_mailbox(ground, processes))
    screen.say(f"Temporal on 127.0.0.1:{ports.temporal}, its UI on {ground.ui}")
    screen.say(f"mailbox on {ground.mailbox}, taking mail on 127.0.0.1:{ports.smtp}")
    await run_starter(ground, screen, "setup")
    health = f"http://127.0.0.1:{ports.worker_health}/readyz"
    await asyncio.gather(
        processes.start("worker", python(str(ground.root / "worker.py")), lambda: is_answering(health)),
        processes.start("web", python("-m", "edition_migration"), lambda: is_answering(f"{ground.web}/readyz")),
    )
    screen.say(f"worker ({health}) and web process ({ground.web}/readyz) are ready")


async def _serve_temporal(ground: Ground, processes: Processes) -> None:
    ports = ground.ports
    serve = ("-m", "edition_migration.temporal.local_serve", "--port", str(ports.temporal), "--ui-port", str(ports.ui))
    await processes.start("temporal", python(*serve), lambda: is_answering(ground.ui))


async def _serve_mailbox(ground: Ground, processes: Processes) -> None:
    ports = ground.ports
    listen = ("--smtp-port", str(ports.smtp), "--http-port", str(ports.mailbox), "--no-quit", "--foreground")
    command = [await mailbox_command(ground), *listen]
    await processes.start("mailbox", command, lambda: is_answering(f"{ground.mailbox}/messages/"))


def _stage(ground: Ground, screen: Screen, services: CliServices) -> Stage:
    return Stage(
        ground=ground,
        screen=screen,
        guests={guest.user_id: guest for guest in read_guests(ground.state / "examples")},
        queries=services.queries,
        mailbox=Mailbox(ground.mailbox, ground.web),
        client=Client(ground.web),
        provisioning=ProvisioningSystem(ground.web, ground.webhook_secret),
    )


async def _play(stage: Stage) -> None:
    for chapter in CHAPTERS:
        await chapter(stage)
    stage.screen.chapter("Outcomes")
    actual = await _settled(stage)
    guests = tuple(stage.guests.values())
    rows, wrong = table_rows(guests, actual)
    stage.screen.table(COLUMNS, rows, wrong)
    count = len(differences(guests, actual))
    if count:
        raise DemoFailed(f"{count} of {len(guests)} outcomes are not as expected")
    stage.screen.say(f"All {len(guests)} outcomes are as expected (examples/expected.csv).")


async def _settled(stage: Stage) -> dict[str, Outcome]:
    """The outcomes as soon as they are as expected, or as they are when patience ends."""
    guests = tuple(stage.guests.values())
    actual: dict[str, Outcome] = {}

    async def look() -> bool:
        counts = await stage.mailbox.counts()
        for guest in guests:
            view = await stage.queries.user(guest.user_id)
            actual[guest.user_id] = outcome_of(guest, view, stage.observed, counts.get(guest.email, 0))
        return not differences(guests, actual)

    with contextlib.suppress(DemoFailed):
        await until("the outcomes settle", look, patience=SETTLING)
    return actual


async def _first(work: Coroutine[Any, Any, None], watch: Coroutine[Any, Any, None]) -> None:
    """The work to its end; what ends it early is its own failure or that of a process it needs."""
    tasks = [asyncio.create_task(work), asyncio.create_task(watch)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _say_where(ground: Ground, screen: Screen) -> None:
    screen.chapter("Look around")
    screen.say(f"Temporal UI: {ground.ui}/namespaces/default/workflows")
    screen.say(f"Mailbox:     {ground.mailbox}")
    screen.say(f"Join in:     . {ground.env_file} && {sys.executable} starter.py status")

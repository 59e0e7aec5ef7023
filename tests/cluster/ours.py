"""Our processes as production runs them: workers for migrations, workers for mails, web processes; two of each."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from edition_migration.domain.names import MAIL_QUEUE, MIGRATION_QUEUE
from tests.cluster.ports import free_ports
from tests.cluster.program import Program
from tests.cluster.readiness import answers
from tests.fixtures.temporal_process import HOST


def our_programs(folder: Path, environ: Mapping[str, str], web_ports: Sequence[int]) -> list[Program]:
    """None of them started yet; a web process on each of the ports."""

    def program(name: str, port_setting: str, port: int, *arguments: str) -> Program:
        own = {**environ, f"EDITION_MIGRATION_{port_setting}": str(port)}
        return Program(
            name, (sys.executable, *arguments), own, folder, partial(answers, f"http://{HOST}:{port}/readyz")
        )

    queues = (MIGRATION_QUEUE, MIGRATION_QUEUE, MAIL_QUEUE, MAIL_QUEUE)
    workers = [
        program(f"{queue}-worker-{number % 2}", "WORKER_HEALTH_PORT", port, "worker.py", "--queue", queue)
        for number, (queue, port) in enumerate(zip(queues, free_ports(len(queues)), strict=True))
    ]
    webs = [program(f"web-{it}", "WEB_PORT", port, "-m", "edition_migration") for it, port in enumerate(web_ports)]
    return [*workers, *webs]

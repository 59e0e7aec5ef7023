"""A Temporal cluster as operators run it: schema by the official tool, four services, each a process, and the UI."""

import asyncio
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from tests.cluster.ports import free_ports
from tests.cluster.postgres import TEMPORAL, Postgres
from tests.cluster.program import Program, run_once
from tests.cluster.readiness import answers, serves
from tests.fixtures.temporal_process import HOST

SERVICES = ("frontend", "history", "matching", "worker")
DATABASES = {"temporal": "temporal", "temporal_visibility": "visibility"}
"""Each with the folder of its schema."""
PLUGIN = "postgres12"
DYNAMIC_CONFIG = Path(__file__).parents[2] / "deploy" / "compose" / "temporal" / "dynamic-config.yaml"
"""What the documents tell operators to turn on."""
SHARDS = 4


class Temporal:
    """`services` and `ui`, none of them started yet. All state is in the database server."""

    def __init__(self, folder: Path, built: dict[str, Path], postgres: Postgres, namespace: str) -> None:
        self._folder, self._sql_tool = folder, str(built["temporal-sql-tool"])
        self._postgres = postgres
        *ports, ui_port = free_ports(9)
        grpc = dict(zip(SERVICES, ports[:4], strict=True))
        gossip = dict(zip(SERVICES, ports[4:], strict=True))
        self.address = f"{HOST}:{grpc['frontend']}"
        config = folder / "temporal.yaml"
        config.write_text(json.dumps(_config(postgres, grpc, gossip)))
        server = (str(built["temporal-server"]), "--config-file", str(config), "--allow-no-auth", "start", "--service")
        self.services = [
            Program(f"temporal-{it}", (*server, it), os.environ, folder, partial(serves, f"{HOST}:{grpc[it]}", it))
            for it in SERVICES
        ]
        self.ui = _ui(folder, str(built["temporal-ui-server"]), self.address, ui_port, namespace)

    @property
    def programs(self) -> list[Program]:
        return [*self.services, self.ui]

    async def start(self) -> None:
        """Schema, then the services: one first, as two at once may both write what a new cluster begins with.

        Not the UI, which shows a namespace.
        """
        await self._prepare()
        first, *others = self.services
        await first.start()
        await asyncio.gather(*(it.start() for it in others))

    async def _prepare(self) -> None:
        """Both databases at the schema of this version. Raises ProgramFailed."""
        for database, schema in DATABASES.items():
            await self._tool(database, "setup-schema", "-v", "0.0")
            await self._tool(database, "update-schema", "--schema-name", f"postgresql/v12/{schema}")

    async def _tool(self, database: str, *command: str) -> None:
        where = {
            "SQL_PLUGIN": PLUGIN,
            "SQL_HOST": HOST,
            "SQL_PORT": str(self._postgres.port),
            "SQL_USER": TEMPORAL,
            "SQL_PASSWORD": self._postgres.passwords[TEMPORAL],
            "SQL_DATABASE": database,
        }
        await run_once("temporal-sql-tool", (self._sql_tool, *command), {**os.environ, **where}, self._folder)


def _config(postgres: Postgres, grpc: dict[str, int], gossip: dict[str, int]) -> dict[str, Any]:
    """The server's configuration file; YAML holds JSON."""
    frontend = f"{HOST}:{grpc['frontend']}"
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": SHARDS,
            "datastores": {
                "default": _datastore(postgres, "temporal", connections=10),
                "visibility": _datastore(postgres, "temporal_visibility", connections=4),
            },
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": HOST}},
        "services": {
            it: {"rpc": {"grpcPort": grpc[it], "membershipPort": gossip[it], "bindOnLocalHost": True}}
            for it in SERVICES
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": frontend,
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(DYNAMIC_CONFIG), "pollInterval": "10s"},
    }


def _datastore(postgres: Postgres, name: str, connections: int) -> dict[str, Any]:
    sql = {
        "pluginName": PLUGIN,
        "databaseName": name,
        "connectAddr": f"{HOST}:{postgres.port}",
        "connectProtocol": "tcp",
        "user": TEMPORAL,
        "password": postgres.passwords[TEMPORAL],
        "maxConns": connections,
        "maxIdleConns": connections,
    }
    return {"sql": sql}


def _ui(folder: Path, program: str, address: str, port: int, namespace: str) -> Program:
    """Ready once it shows our namespace, which it asks the frontend for."""
    (folder / "ui").mkdir()
    config = {"temporalGrpcAddress": address, "host": HOST, "port": port, "enableUi": True}
    (folder / "ui" / "cluster.yaml").write_text(json.dumps(config))
    command = (program, "--root", str(folder), "--config", "ui", "--env", "cluster", "start")
    page = f"http://{HOST}:{port}/api/v1/namespaces/{namespace}"
    return Program("temporal-ui", command, os.environ, folder, partial(answers, page))

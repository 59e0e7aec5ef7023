"""Connecting to Temporal by its own settings (`temporalio.envconfig`: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, profiles).

Used by the worker (at once) and by web and command line (lazily: they serve while Temporal is down).
"""

import logging
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from temporalio.client import Client, ClientConnectConfig
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig

from edition_migration.domain.errors import ConfigurationError, TemporalUnavailable
from edition_migration.temporal.metrics import MetricsAddress, prometheus

DEFAULT_ADDRESS = "localhost:7233"
CONNECT_LIMIT = timedelta(seconds=5)
_MEND = "start it, or set TEMPORAL_ADDRESS in the environment; .env is not read for it"
_SETTINGS_MEND = (
    "TEMPORAL_ADDRESS is HOST:PORT; a client's certificate needs its key: TEMPORAL_TLS_CLIENT_CERT_PATH and "
    "TEMPORAL_TLS_CLIENT_KEY_PATH"
)
_TLS_MEND = (
    "see that it runs, that its certificate is of the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH (else a public "
    "one) and for the name in TEMPORAL_TLS_SERVER_NAME (else the address), and that it takes our certificate or API key"
)


def connect_config(environ: Mapping[str, str] | None = None) -> ClientConnectConfig:
    """What the environment and its profile say, with our converter; `environ` None is the process's own.

    TLS, with a certificate of ours where the variables name one, an API key and the namespace are among it.
    Raises ConfigurationError where they cannot be read, or a file that they name.
    """
    try:
        given = ClientConfig.load_client_connect_config(override_env_vars=environ)
    except RuntimeError:  # the SDK's own words may repeat what the file holds, a key for one
        mend = "check TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and what that file says"
        raise ConfigurationError("Temporal's own settings cannot be read", mend=mend) from None
    except OSError as error:
        mend = "check the files that the variables TEMPORAL_TLS_..._PATH or the profile name"
        raise ConfigurationError(f"{error.filename} cannot be read ({error.strerror})", mend=mend) from None
    return {
        "target_host": DEFAULT_ADDRESS,
        **given,
        "data_converter": pydantic_data_converter,
        "connect_timeout": CONNECT_LIMIT,
    }


def namespace() -> str:
    """The namespace that `connect` uses. Raises ConfigurationError as `connect_config`."""
    return connect_config().get("namespace", "default")


async def connect(
    *,
    identity: str,
    lazy: bool = False,
    environ: Mapping[str, str] | None = None,
    metrics: MetricsAddress | None = None,
) -> Client:
    """A client for the whole life of a process; a lazy one connects with its first call and cannot back a worker.

    `identity` is the process's role; operators see it with process and host. `metrics` are served from now on.
    Raises TemporalUnavailable where nothing answers at the address, ConfigurationError as `connect_config`, and where
    metrics cannot be served there.
    """
    config = connect_config(environ)
    config["identity"] = f"{identity}-{os.getpid()}@{socket.gethostname()}"
    config["lazy"] = lazy
    config["runtime"] = _runtime(metrics)
    try:
        return await Client.connect(**config)
    except ValueError:  # half a certificate, an address without a port
        raise ConfigurationError("Temporal's settings do not fit together", mend=_SETTINGS_MEND) from None
    except RuntimeError:  # what the SDK raises for every failed connection
        address = config.get("target_host", DEFAULT_ADDRESS)
        mend = _TLS_MEND if config.get("tls") else _MEND
        raise TemporalUnavailable(f"no Temporal service answers at {address}", mend=mend) from None


@cache
def _runtime(metrics: MetricsAddress | None) -> Runtime:
    """The process's one runtime. What the SDK's native part logs becomes our lines, where it would print its own."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"), prepend_target_on_message=False)
    logs = LoggingConfig(LoggingConfig.default.filter, forwarding)
    if metrics is None:
        return Runtime(telemetry=TelemetryConfig(logging=logs))
    page = TelemetryConfig(logging=logs, metrics=prometheus(metrics), attach_service_name=False)
    try:
        return Runtime(telemetry=page)
    except ValueError:  # the SDK's, where it cannot listen
        taken = f"metrics cannot be served on {metrics}: it is taken, or no address of this machine"
        raise ConfigurationError(taken, mend=f"choose another {metrics.variable}") from None

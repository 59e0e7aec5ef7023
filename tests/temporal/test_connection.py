"""Processes reach Temporal by its own variables: TLS, our own certificate, API key, namespace; and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import trustme
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import ConfigurationError, TemporalUnavailable
from edition_migration.temporal.client import connect, connect_config
from tests.temporal.tls_door import Door, pem_file, tls_door

SERVER_NAME = "temporal.acme.example"


@dataclass(frozen=True)
class Doors:
    """Two doors to the same server: one asks clients for a certificate. `trust` are the variables that fit both."""

    open: Door
    guarded: Door
    trust: dict[str, str]
    certificate: dict[str, str]
    foreign_certificate: dict[str, str]


@pytest_asyncio.fixture
async def doors(temporal_env: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Doors]:
    authority = trustme.CA()
    target = temporal_env.client.service_client.config.target_host
    ours = authority.issue_cert("worker.acme.example", common_name="edition-migration")
    foreign = trustme.CA().issue_cert("worker.acme.example", common_name="somebody else")
    server = authority.issue_cert(SERVER_NAME)
    async with tls_door(target, server, None) as opened, tls_door(target, server, authority) as guarded:
        yield Doors(
            open=opened,
            guarded=guarded,
            trust={
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH": pem_file(tmp_path, "ca.pem", authority.cert_pem),
                "TEMPORAL_TLS_SERVER_NAME": SERVER_NAME,
            },
            certificate=_certificate(tmp_path, "ours", ours),
            foreign_certificate=_certificate(tmp_path, "foreign", foreign),
        )


def _certificate(folder: Path, name: str, certificate: trustme.LeafCert) -> dict[str, str]:
    return {
        "TEMPORAL_TLS_CLIENT_CERT_PATH": pem_file(folder, f"{name}.pem", *certificate.cert_chain_pems),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": pem_file(folder, f"{name}.key", certificate.private_key_pem),
    }


async def test_tls_checks_the_server_by_the_given_authority_and_name(doors: Doors) -> None:
    client = await connect(identity="test", environ={"TEMPORAL_ADDRESS": doors.open.address, **doors.trust})
    assert await client.service_client.check_health()
    assert set(doors.open.names) == {SERVER_NAME}


async def test_a_server_that_wants_our_certificate_gets_it(doors: Doors) -> None:
    environ = {"TEMPORAL_ADDRESS": doors.guarded.address, **doors.trust, **doors.certificate}
    client = await connect(identity="test", environ=environ)
    assert await client.service_client.check_health()
    assert set(doors.guarded.subjects) == {"edition-migration"}


async def test_the_api_key_goes_with_every_call_and_the_namespace_is_the_given_one(doors: Doors) -> None:
    environ = {
        "TEMPORAL_ADDRESS": doors.open.address,
        "TEMPORAL_NAMESPACE": "acme.a1b2c",
        "TEMPORAL_API_KEY": "key-of-a-test",
        **doors.trust,
    }
    client = await connect(identity="test", environ=environ)
    assert await client.service_client.check_health()
    assert client.namespace == "acme.a1b2c"
    assert doors.open.authorizations == {"Bearer key-of-a-test"}


async def test_an_api_key_alone_means_tls_by_public_authorities() -> None:
    assert connect_config({"TEMPORAL_ADDRESS": "a.example:7233", "TEMPORAL_API_KEY": "key"}).get("tls") is True


@pytest.mark.parametrize("without", ["TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_NAME"])
async def test_a_server_of_another_authority_or_name_is_not_spoken_to(doors: Doors, without: str) -> None:
    trust = {key: value for key, value in doors.trust.items() if key != without}
    environ = {"TEMPORAL_ADDRESS": doors.open.address, "TEMPORAL_API_KEY": "key-of-a-test", **trust}
    with pytest.raises(TemporalUnavailable) as refused:
        await connect(identity="test", environ=environ)
    assert refused.value.message == f"no Temporal service answers at {doors.open.address}"
    assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in refused.value.mend
    assert doors.open.authorizations == set()


@pytest.mark.parametrize("is_foreign", [False, True])
async def test_without_a_certificate_of_the_right_authority_a_guarded_server_lets_nobody_in(
    doors: Doors, is_foreign: bool
) -> None:
    shown = doors.foreign_certificate if is_foreign else {}
    with pytest.raises(TemporalUnavailable):
        await connect(identity="test", environ={"TEMPORAL_ADDRESS": doors.guarded.address, **doors.trust, **shown})
    assert doors.guarded.subjects == []


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with pytest.raises(ConfigurationError) as refused:
        connect_config({"TEMPORAL_TLS_SERVER_CA_CERT_PATH": missing})
    assert refused.value.message == f"{missing} cannot be read (No such file or directory)"


async def test_half_a_certificate_is_a_wrong_setting(doors: Doors) -> None:
    half = {"TEMPORAL_TLS_CLIENT_CERT_PATH": doors.certificate["TEMPORAL_TLS_CLIENT_CERT_PATH"]}
    environ = {"TEMPORAL_ADDRESS": doors.guarded.address, **doors.trust, **half}
    with pytest.raises(ConfigurationError) as refused:
        await connect(identity="test", environ=environ)
    assert refused.value.message == "Temporal's settings do not fit together"

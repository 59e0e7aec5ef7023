"""Events are taken whole or refused with every fault at once, and no fault repeats what was sent."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.events.envelope import EventType
from edition_migration.domain.events.organization import LicensesChanged, ServiceProvisioned
from edition_migration.domain.events.parse import DATA_MODELS, ProvisioningEvent, UnknownEvent, parse_event
from edition_migration.domain.events.user import UserCreated, UserUpdated
from edition_migration.domain.states import AccountStatus, Edition, InactiveReason

PROVISIONED = {
    "org_id": "acme",
    "name": "Acme",
    "domains": ["Example.com", "b\u00fccher.example", "EXAMPLE.COM"],
    "licenses_purchased": 25,
    "storage_purchased_mb": 5000,
    "client_download_url": "https://download.example.com/client",
    "administrators": ["Admin@Example.com"],
    "notification_email": "alerts@example.com",
}


def event(event_type: str, data: Mapping[str, object] | None, **attributes: object) -> dict[str, object]:
    envelope: dict[str, object] = {
        "id": "e-1",
        "source": "https://provisioning.example.com",
        "specversion": "1.0",
        "type": event_type,
        "time": "2026-11-22T12:00:00Z",
    }
    return envelope | {"data": data} | attributes


def user(**data: object) -> dict[str, object]:
    return {"org_id": "acme", "user_id": "u1", **data}


def parsed(document: dict[str, object]) -> ProvisioningEvent:
    result = parse_event(document)
    assert isinstance(result, ProvisioningEvent)
    return result


def paths_of(document: object) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        parse_event(document)
    return [problem.path for problem in refusal.value.problems]


def test_every_type_has_a_data_model() -> None:
    assert set(DATA_MODELS) == set(EventType)


def test_a_provisioning_is_normalized() -> None:
    provisioning = parsed(event("org.service.provisioned", PROVISIONED, sequence="7", traceparent="00-abc"))
    data = provisioning.data
    assert isinstance(data, ServiceProvisioned)
    assert data.domains == ("example.com", "xn--bcher-kva.example")
    assert data.administrators == ("admin@example.com",)
    assert (data.locale, data.zone, data.is_single_sign_on, data.help_url) == ("en", "UTC", False, "")
    assert (provisioning.org_id, provisioning.user_id) == ("acme", None)
    assert provisioning.stamp == "17 2026-11-22T12:00:00.000000+00:00 e-1 https://provisioning.example.com"


def test_all_faults_of_a_provisioning_are_named_at_once() -> None:
    data = {
        "org_id": "ac me",
        "domains": ["example.com", "gmail.com", "no dot"],
        "licenses_purchased": "25",
        "storage_purchased_mb": -1,
        "client_download_url": "javascript:alert(1)",
        "administrators": [],
        "notification_email": "nobody",
        "locale": "english",
        "zone": "Middle/Earth",
        "is_single_sign_on": "yes",
    }
    assert paths_of(event("org.service.provisioned", data, specversion="0.3", time="yesterday")) == [
        "specversion",
        "time",
        "data.org_id",
        "data.name",
        "data.domains[1]",
        "data.domains[2]",
        "data.licenses_purchased",
        "data.storage_purchased_mb",
        "data.client_download_url",
        "data.administrators",
        "data.notification_email",
        "data.locale",
        "data.zone",
        "data.is_single_sign_on",
    ]


def test_a_fault_names_rule_and_mend_but_never_the_value() -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_event(event("user.created", user(email="secret.person@localhost", edition="gold-secret", zone="Secret")))
    assert [str(problem) for problem in refusal.value.problems] == [
        "data.email: is no full domain name; give a domain name like example.com",
        "data.zone: is no known time zone; give an IANA name like Europe/Berlin",
        "data.edition: is none of the words allowed; use 'guest' or 'business'",
    ]
    assert "secret" not in str(refusal.value).lower()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/x",
        "https://",
        "https://user:pw@example.com/",
        "https://exa mple.com/",
        "//example.com/x",
        "https://example.com:99999/",
        'https://example.com/"onclick',
        "https://example.com/\r\nX: y",
    ],
)
def test_a_download_url_that_is_none_is_refused(url: str) -> None:
    data = PROVISIONED | {"client_download_url": url}
    assert paths_of(event("org.service.provisioned", data)) == ["data.client_download_url"]


@pytest.mark.parametrize(
    "time", [1795348800, "2026-11-22T12:00:00", "2026-11-22", "1795348800", "2026-13-22T12:00:00Z"]
)
def test_a_time_without_zone_or_form_is_refused(time: object) -> None:
    assert paths_of(event("org.deprovisioned", {"org_id": "acme"}, time=time)) == ["time"]


def test_a_time_counts_in_utc() -> None:
    late = parsed(event("org.deprovisioned", {"org_id": "acme"}, time="2026-11-22T21:00:00.5+09:00"))
    assert late.time == datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)
    assert late.stamp.startswith("0 2026-11-22T12:00:00.500000+00:00 e-1 ")


def test_what_a_user_event_says_and_what_it_leaves_out() -> None:
    created = parsed(event("user.created", user(email="Ada@Example.com", status="inactive"))).data
    assert isinstance(created, UserCreated)
    assert (created.edition, created.inactive_reason, created.storage_used_mb) == (Edition.GUEST, None, 0)
    assert created.facts() == {
        "email": "ada@example.com",
        "reported_status": AccountStatus.INACTIVE,
        "reported_inactive_reason": None,
    }


def test_an_update_gives_only_its_own_fields() -> None:
    document = user(display_name=" Ada ", client_version=None, inactive_reason="left_company", status="inactive")
    updated = parsed(event("user.updated", document)).data
    assert isinstance(updated, UserUpdated)
    assert updated.facts() == {
        "client_version": None,
        "display_name": "Ada",
        "reported_inactive_reason": InactiveReason.LEFT_COMPANY,
        "reported_status": AccountStatus.INACTIVE,
    }


@pytest.mark.parametrize("field", ["email", "edition", "status", "storage_used_mb"])
def test_an_update_cannot_empty_what_must_be(field: str) -> None:
    assert paths_of(event("user.updated", user(**{field: None}))) == [f"data.{field}"]


@pytest.mark.parametrize("version", ["x", "", "v5.4", "5.4 beta", "5,4", "five"])
@pytest.mark.parametrize("kind", ["user.created", "user.updated"])
def test_a_client_version_that_cannot_be_compared_is_refused(kind: str, version: str) -> None:
    document = user(email="a@example.com", is_federated=True, client_version=version)
    with pytest.raises(InvalidInput) as refusal:
        parse_event(event(kind, document))
    [problem] = refusal.value.problems
    assert problem == Problem(
        "data.client_version",
        "is no version that can be compared",
        "give one like 5.4.1 or 5.4.1-beta, or leave it out",
    )


@pytest.mark.parametrize("version", ["v6.0", "6.0.1 (4711)", "", 6, ["6.0"], "6" * 65])
@pytest.mark.parametrize("kind", ["user.detected", "user.signed_in"])
def test_no_act_is_lost_for_a_version_that_cannot_be_compared(kind: str, version: object) -> None:
    data = parsed(event(kind, user(is_federated=True, client_version=version))).data
    assert "client_version" not in data.facts()


@pytest.mark.parametrize("kind", ["user.detected", "user.signed_in"])
def test_the_version_of_an_act_is_kept(kind: str) -> None:
    data = parsed(event(kind, user(is_federated=True, client_version=" 6.0+4711 "))).data
    assert data.facts()["client_version"] == "6.0+4711"


@pytest.mark.parametrize("version", ["5.4.1-beta", " 6.0+4711 ", "5"])
def test_a_client_version_that_can_be_compared_is_taken(version: str) -> None:
    assert parsed(event("user.updated", user(client_version=version))).data.facts() == {
        "client_version": version.strip()
    }


@pytest.mark.parametrize("status", [{}, {"status": "active"}])
def test_a_reason_needs_the_status_inactive(status: dict[str, str]) -> None:
    assert paths_of(event("user.updated", user(inactive_reason="policy", **status))) == ["data.inactive_reason"]


def test_a_created_user_has_an_address() -> None:
    assert paths_of(event("user.created", user())) == ["data.email"]


def test_a_line_break_in_a_name_is_refused() -> None:
    assert paths_of(event("user.created", user(email="a@example.com", display_name="A\r\nBcc: b"))) == [
        "data.display_name"
    ]


def test_an_address_is_no_user_id() -> None:
    assert paths_of(event("user.deleted", {"org_id": "acme", "user_id": "ada@example.com"})) == ["data.user_id"]


def test_new_totals_are_given_alone_or_together() -> None:
    changed = parsed(event("org.licenses.changed", {"org_id": "acme", "licenses_purchased": 3})).data
    assert isinstance(changed, LicensesChanged)
    assert changed.facts() == {"licenses_purchased": 3}
    assert paths_of(event("org.licenses.changed", {"org_id": "acme"})) == ["data"]


def test_a_removed_domain_may_be_any_domain() -> None:
    assert parsed(event("org.domain.removed", {"org_id": "acme", "domain": "gmail.com"})).org_id == "acme"
    assert paths_of(event("org.domain.added", {"org_id": "acme", "domain": "gmail.com"})) == ["data.domain"]


def test_policies_are_checked_inside_the_event() -> None:
    data = {"org_id": "acme", "policies": {"groups": [{"name": "a", "actions": {"fly": True}}]}}
    assert paths_of(event("org.policy.changed", data)) == ["data.policies.groups[0].actions"]


def test_an_unknown_type_is_kept() -> None:
    kept = parse_event(event("org.renamed", {"org_id": "acme", "name": 1}))
    assert isinstance(kept, UnknownEvent)
    assert (kept.id, kept.type, kept.org_id) == ("e-1", "org.renamed", "acme")


@pytest.mark.parametrize("data", [None, [], {"org_id": "a b"}, {"org_id": 7}])
def test_an_unknown_type_may_name_no_organization(data: object) -> None:
    kept = parse_event({**event("org.renamed", None), "data": data})
    assert isinstance(kept, UnknownEvent)
    assert kept.org_id is None


@pytest.mark.parametrize("document", [None, [], "{}", 1])
def test_what_is_no_object_is_refused(document: object) -> None:
    assert paths_of(document) == [""]


def test_an_envelope_alone_is_refused_with_all_that_is_missing() -> None:
    assert paths_of({}) == ["id", "source", "specversion", "type", "time"]
    assert paths_of({"type": "user.deleted"}) == ["id", "source", "specversion", "time", "data"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("id", ""),
        ("id", "x" * 256),
        ("id", "a\nb"),
        ("source", "with blank"),
        ("sequence", "1 2"),
        ("datacontenttype", "text/xml"),
        ("subject", "a\x00"),
        ("dataschema", "x" * 501),
    ],
)
def test_a_bad_attribute_is_named(attribute: str, value: str) -> None:
    assert paths_of(event("org.deprovisioned", {"org_id": "acme"}, **{attribute: value})) == [attribute]

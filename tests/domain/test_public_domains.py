"""Public mail services are known, their sub-domains too; look-alikes are not."""

from importlib import resources

import pytest

from edition_migration.domain.addresses import normalize_domain
from edition_migration.domain.public_domains import is_public_mail_domain


@pytest.mark.parametrize("domain", ["gmail.com", "web.de", "mail.ru", "mx.gmail.com"])
def test_a_public_mail_domain_is_known(domain: str) -> None:
    assert is_public_mail_domain(domain)


@pytest.mark.parametrize("domain", ["example.com", "notgmail.com", "gmail.com.example.org", "com"])
def test_an_organizations_own_domain_is_not_public(domain: str) -> None:
    assert not is_public_mail_domain(domain)


def test_the_list_is_normalized_sorted_and_free_of_doubles() -> None:
    text = resources.files("edition_migration.domain").joinpath("data/public_mail_domains.txt").read_text("utf-8")
    domains = [line for line in text.splitlines() if not line.startswith("#")]
    assert domains == sorted(set(domains))
    assert domains == [normalize_domain(domain) for domain in domains]
    assert len(domains) > 150

"""Reading facts from AWS and public DNS, and the cases in which neither is queried."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from support.accounts.collected import SERVICE_NAME, healthy
from support.accounts.healthy import SPEC

from probe.agent import refresh
from probe.agent.refresh import Sources, account_of, domain_of
from probe.agent.state import StoreFacts
from probe.aws.collected_answers import CollectedAnswers
from probe.model.account import EndpointService
from probe.model.facts import DomainFacts
from probe.model.store import PUBLIC_CONNECTIVITY

DECLARED = replace(SPEC, service_name=SERVICE_NAME)
RESOLVERS = ("127.0.0.1",)


@pytest.mark.loopback
def test_the_account_is_read_only_if_there_is_a_caller() -> None:
    store = StoreFacts(declared=DECLARED)
    assert asyncio.run(account_of(store, Sources())) is None
    account = asyncio.run(account_of(store, Sources(caller=CollectedAnswers(healthy()))))
    assert account is not None
    assert isinstance(account.service, EndpointService)


@pytest.mark.loopback
@pytest.mark.parametrize("endpoint", ["http://proxy.example.com", "https://proxy.example.com:8443", None])
def test_an_invalid_private_dns_name_is_not_queried(endpoint: str | None) -> None:
    store = StoreFacts(declared=replace(DECLARED, uri_endpoint=endpoint))
    assert asyncio.run(domain_of(store, Sources(public_resolvers=RESOLVERS, timeout_s=0.1))) is None


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("store", "resolvers"),
    [
        (StoreFacts(declared=replace(DECLARED, connectivity=PUBLIC_CONNECTIVITY)), RESOLVERS),
        (StoreFacts(declared=DECLARED), ()),
    ],
    ids=["public connectivity", "no resolver"],
)
def test_the_verification_record_is_not_queried_for_public_endpoints_or_without_resolvers(
    store: StoreFacts, resolvers: tuple[str, ...]
) -> None:
    sources = Sources(public_resolvers=resolvers, timeout_s=0.1)
    assert asyncio.run(domain_of(store, sources)) is None


@pytest.mark.loopback
def test_the_verification_record_of_the_account_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    facts = DomainFacts(private_dns_name="x", registrable=None)

    async def look_up(_network: object, search: object, timeout_s: float) -> DomainFacts:
        calls.append((search, timeout_s))
        return facts

    monkeypatch.setattr(refresh, "look_up", look_up)
    account = asyncio.run(
        account_of(StoreFacts(declared=DECLARED), Sources(caller=CollectedAnswers(healthy())))
    )
    store = StoreFacts(declared=DECLARED, account=account)
    assert asyncio.run(domain_of(store, Sources(public_resolvers=RESOLVERS, timeout_s=3.0))) is facts
    ((search, timeout_s),) = calls
    assert (search.private_dns_name, timeout_s) == (SPEC.host, 3.0)
    assert account is not None
    assert isinstance(account.service, EndpointService)
    assert account.service.verification is not None
    assert search.label == account.service.verification.name

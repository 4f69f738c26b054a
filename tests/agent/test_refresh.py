"""Slow facts: what AWS and public DNS say, and who is not asked."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from accounts import SPEC
from collected import SERVICE_NAME, healthy

from probe.agent import refresh
from probe.agent.refresh import Sources, account_of, domain_of
from probe.agent.state import StoreFacts
from probe.aws.collected_answers import CollectedAnswers
from probe.model.account import EndpointService
from probe.model.facts import DomainFacts
from probe.model.store import PUBLIC_CONNECTIVITY

ASKED = replace(SPEC, service_name=SERVICE_NAME)
RESOLVERS = ("127.0.0.1",)


@pytest.mark.loopback
def test_without_a_caller_aws_is_not_asked_and_with_one_it_is() -> None:
    store = StoreFacts(declared=ASKED)
    assert asyncio.run(account_of(store, Sources())) is None
    account = asyncio.run(account_of(store, Sources(caller=CollectedAnswers(healthy()))))
    assert account is not None
    assert isinstance(account.service, EndpointService)


@pytest.mark.loopback
@pytest.mark.parametrize("endpoint", ["http://proxy.example.com", "https://proxy.example.com:8443", None])
def test_public_dns_is_not_asked_for_what_is_no_name(endpoint: str | None) -> None:
    store = StoreFacts(declared=replace(ASKED, uri_endpoint=endpoint))
    assert asyncio.run(domain_of(store, Sources(public_resolvers=RESOLVERS, timeout_s=0.1))) is None


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("store", "resolvers"),
    [
        (StoreFacts(declared=replace(ASKED, connectivity=PUBLIC_CONNECTIVITY)), RESOLVERS),
        (StoreFacts(declared=ASKED), ()),
    ],
    ids=["public connectivity", "no resolver"],
)
def test_nor_where_there_is_nothing_to_look_for_or_nobody_to_ask(
    store: StoreFacts, resolvers: tuple[str, ...]
) -> None:
    sources = Sources(public_resolvers=resolvers, timeout_s=0.1)
    assert asyncio.run(domain_of(store, sources)) is None


@pytest.mark.loopback
def test_what_the_account_says_of_the_record_is_what_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    facts = DomainFacts(private_dns_name="x", registrable=None)

    async def look_up(_network: object, search: object, timeout_s: float) -> DomainFacts:
        asked.append((search, timeout_s))
        return facts

    monkeypatch.setattr(refresh, "look_up", look_up)
    account = asyncio.run(account_of(StoreFacts(declared=ASKED), Sources(caller=CollectedAnswers(healthy()))))
    store = StoreFacts(declared=ASKED, account=account)
    assert asyncio.run(domain_of(store, Sources(public_resolvers=RESOLVERS, timeout_s=3.0))) is facts
    ((search, timeout_s),) = asked
    assert (search.private_dns_name, timeout_s) == (SPEC.host, 3.0)
    assert account is not None
    assert isinstance(account.service, EndpointService)
    assert account.service.verification is not None
    assert search.label == account.service.verification.name

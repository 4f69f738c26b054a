"""A preflight as a whole: what is looked at, within its time, and that all of it reaches the evidence."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from accounts import SPEC
from collected import SERVICE_NAME, healthy

from probe.agent.round import Also, Request, domain_of, judged, plans, take
from probe.agent.targets import Place
from probe.aws.recorded import Recorded
from probe.model.account import Account
from probe.model.facts import DomainFacts
from probe.model.measurements import HealthDetails, Measurement
from probe.model.settings import Settings
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, Target
from probe.model.verdicts import Outcome

pytestmark = pytest.mark.loopback
ASKED = replace(SPEC, service_name=SERVICE_NAME)


def request(**changes: Any) -> Request:
    return replace(Request(spec=ASKED, caller=None, timeout_s=2.5, settings=Settings(targets=())), **changes)


def no_progress(_done: int, _total: int) -> None:
    """Nobody looks."""


def test_without_anything_to_probe_it_ends_at_once() -> None:
    evidence = asyncio.run(take(request(), no_progress, Also()))
    assert (evidence.account, evidence.targets, evidence.latest) == (None, (), ())
    assert {v.outcome for v in judged(evidence).verdicts} >= {Outcome.UNKNOWN, Outcome.MET}


def test_what_else_is_looked_at_gets_what_was_found_and_reaches_the_evidence() -> None:
    got: list[object] = []
    facts = DomainFacts(private_dns_name="x", registrable="example.com")

    async def health(spec: KeyStoreSpec, targets: Sequence[Target]) -> Sequence[Measurement]:
        got.extend([spec.host, len(targets)])
        details = HealthDetails(purpose="health", status=200)
        return [Measurement(target=targets[0], check=Check.HEALTH_COLD, started_at_s=0.0, details=details)]

    async def domain(spec: KeyStoreSpec, account: Account | None) -> DomainFacts | None:
        got.append(account is not None and spec.host)
        return facts

    document = healthy()
    document["calls"] = [
        each for each in document["calls"] if each["operation"] != "DescribeNetworkInterfaces"
    ]
    whole = request(caller=Recorded(document), places=(Place(host="127.0.0.1", port=9),), timeout_s=2.2)
    evidence = asyncio.run(take(whole, no_progress, Also(health=health, domain=domain)))
    assert evidence.domain is facts
    assert any(isinstance(each.details, HealthDetails) for each in evidence.latest)
    assert any(isinstance(each.details, HealthDetails) for each in evidence.recent)
    assert SPEC.host in got
    assert evidence.account is not None


@pytest.mark.parametrize("endpoint", ["http://proxy.example.com", "https://proxy.example.com:8443", None])
def test_public_dns_is_not_asked_for_what_is_no_name(endpoint: str | None) -> None:
    look = domain_of(Settings(targets=()), 0.1, ("127.0.0.1",))
    assert asyncio.run(look(replace(ASKED, uri_endpoint=endpoint), None)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout_s", [0.1, 2.0, 2.24, 3.0, 10.0])
def test_the_last_connection_has_what_is_left_and_never_less_than_kms_gives(timeout_s: float) -> None:
    tcp, tls = plans(timeout_s)
    assert tls.timeout_s == timeout_s
    assert tcp.timeout_s == max(0.25, timeout_s - 2.0)

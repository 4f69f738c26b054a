"""The states of PrivateLink's verification record, simulated and found by the agent's lookup."""

import asyncio
from collections.abc import Iterator

import pytest

from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.network import Network
from probe.probes.verification_record import Search, look_up
from simulator import Simulation, start
from simulator.scenario.reader import read_scenario

pytestmark = pytest.mark.loopback

VALUE, LABEL = "vpce:l6p0ERxlTt45jevFwOCp", "_6e86v84tqgqubxbwii1m"
NAME = "myproxy-private.xks.example.com"
AT_PARENT, ABOVE = f"{LABEL}.xks.example.com", f"{LABEL}.example.com"
SERVERS = [{"name": "public"}, {"name": "own"}, {"name": "vpc"}]
NS = {"name": "example.com", "type": "NS", "answers": ["own.example.com"]}


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with start(read_scenario("mine", {"name_servers": SERVERS}), reduced=True) as running:
        yield running


def txt(name: str = AT_PARENT, *answers: str, **more: object) -> dict[str, object]:
    return {"name": name, "type": "TXT", "answers": list(answers), **more}


def searched(
    simulation: Simulation, *records: dict[str, object], timeout_s: float = 5.0, resolver: str = "public"
) -> DomainFacts:
    simulation.set_records([NS, *records])
    port = simulation.addressing.endpoints[resolver].port
    search = Search(
        private_dns_name=NAME, label=LABEL, value=VALUE, resolvers=(simulation.address(resolver),), port=port
    )
    return asyncio.run(look_up(Network(), search, timeout_s))


def record_at(facts: DomainFacts, name: str = AT_PARENT, view: View = View.PUBLIC) -> RecordSeen:
    return next(each for each in facts.seen if (each.name, each.view) == (name, view))


def test_the_zone_and_its_authoritative_servers_are_found(simulation: Simulation) -> None:
    facts = searched(simulation)
    assert (facts.is_public, facts.public_zone) == (True, "example.com")
    assert record_at(facts, view=View.AUTHORITATIVE).server == simulation.address("own")


@pytest.mark.parametrize(
    ("record", "name", "state"),
    [
        (txt(AT_PARENT, VALUE), AT_PARENT, RecordState.PUBLISHED),
        (txt(ABOVE, VALUE), AT_PARENT, RecordState.ABSENT),
        (txt(ABOVE, VALUE), ABOVE, RecordState.PUBLISHED),
        (txt("example.com", "v=spf1 -all", VALUE), "example.com", RecordState.PUBLISHED),
        (txt(AT_PARENT, "vpce:another"), AT_PARENT, RecordState.WRONG_VALUE),
        (txt(AT_PARENT, VALUE.lower()), AT_PARENT, RecordState.LOWER_CASED),
        (txt(AT_PARENT, f'"{VALUE}"'), AT_PARENT, RecordState.QUOTED_TWICE),
        (txt(f"{ABOVE}.example.com", VALUE), f"{ABOVE}.example.com", RecordState.NAME_DOUBLED),
        (txt(AT_PARENT, rcode="NXDOMAIN"), AT_PARENT, RecordState.ABSENT),
        (txt(AT_PARENT, rcode="SERVFAIL"), AT_PARENT, RecordState.SERVER_FAILURE),
        (txt(AT_PARENT, rcode="REFUSED"), AT_PARENT, RecordState.SERVER_FAILURE),
        (txt(AT_PARENT), AT_PARENT, RecordState.ABSENT),
    ],
    ids=[
        *("at the parent", "one level up, read at the parent", "one level up", "without the label"),
        *("wrong value", "lower-cased"),
        *("quoted twice", "doubled", "NXDOMAIN", "SERVFAIL", "REFUSED", "no text"),
    ],
)
def test_the_published_record_is_found(
    simulation: Simulation, record: dict[str, object], name: str, state: RecordState
) -> None:
    assert record_at(searched(simulation, record), name).state is state


def test_a_truncated_response_is_repeated_over_tcp(simulation: Simulation) -> None:
    found = record_at(searched(simulation, txt(AT_PARENT, VALUE, truncated=True)))
    assert (found.state, found.answers) == (RecordState.PUBLISHED, (VALUE,))  # the UDP response had no record


def test_a_slow_server_is_awaited_until_the_timeout(simulation: Simulation) -> None:
    late = record_at(searched(simulation, txt(AT_PARENT, VALUE, delay="200ms")))
    assert late.state is RecordState.PUBLISHED
    assert (late.rtt_s or 0) >= 0.2
    assert (
        record_at(searched(simulation, txt(AT_PARENT, VALUE, delay="30s"), timeout_s=1.0)).state
        is RecordState.TIMED_OUT
    )
    assert (
        record_at(searched(simulation, txt(AT_PARENT, silent=True), timeout_s=1.0)).state
        is RecordState.TIMED_OUT
    )


def test_a_resolver_may_lack_a_record_that_the_authoritative_server_has(simulation: Simulation) -> None:
    facts = searched(simulation, txt(AT_PARENT, VALUE, servers=["own"]))
    assert record_at(facts).state is RecordState.ABSENT
    assert record_at(facts, view=View.AUTHORITATIVE).state is RecordState.PUBLISHED


def test_a_private_zone_may_have_a_record_that_the_public_one_lacks(simulation: Simulation) -> None:
    only_private = txt(AT_PARENT, VALUE, servers=["vpc"])
    assert record_at(searched(simulation, only_private, resolver="vpc")).state is RecordState.PUBLISHED
    assert record_at(searched(simulation, only_private)).state is RecordState.ABSENT
    both = (txt(AT_PARENT, VALUE), txt(AT_PARENT, "vpce:private", servers=["vpc"]))
    assert record_at(searched(simulation, *both)).state is RecordState.PUBLISHED
    assert record_at(searched(simulation, *both, resolver="vpc")).state is RecordState.WRONG_VALUE


def test_a_zone_without_name_servers_is_not_a_zone(simulation: Simulation) -> None:
    simulation.set_records([])
    public = simulation.addressing.endpoints["public"]
    search = Search(
        private_dns_name=NAME, label=LABEL, value=VALUE, resolvers=(public.address,), port=public.port
    )
    assert asyncio.run(look_up(Network(), search, 5.0)).is_public is False

"""The lookup of the verification record, in a simulated DNS."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.network.fakes import FakeClock

from probe.model.facts import DomainFacts, RecordState, View
from probe.model.measurements import DnsDetails, Failure, Phase, Reason
from probe.model.targets import Question
from probe.network import DnsResponse, ExchangeFailed
from probe.network.dns import failure_of
from probe.probes.verification_record import Search, look_up
from probe.wire.dns import question_packet

NAME, LABEL, VALUE = "myproxy-private.xks.example.com", "_abc", "vpce:Value"
PUBLIC, OWN = "192.0.2.8", "192.0.2.53"
RECORD = f"{LABEL}.example.com"
Answers = Mapping[tuple[str, str], tuple[str, ...] | str | Reason]
ZONE: Answers = {("example.com", "NS"): ("ns.example.com.",), ("ns.example.com.", "A"): (OWN,)}


@dataclass
class Dns:
    """A fake DNS. ``answers`` maps (name, type) to values, rcode or failure; a missing entry is NXDOMAIN.

    ``of`` has other answers for single servers.
    """

    answers: Answers
    of: Mapping[str, Answers] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    queries: list[tuple[str, str]] = field(default_factory=list)

    async def query(
        self, server: str, question: Question, *, port: int, view: str, timeout_s: float
    ) -> DnsResponse:
        assert timeout_s > 0
        self.queries.append((server, question.name))
        key = (question.name, question.record_type)
        found = self.of.get(server, self.answers).get(key, "NXDOMAIN")
        if isinstance(found, Reason):
            raise ExchangeFailed(Failure(phase=Phase.WAIT, reason=found))
        rcode = found if isinstance(found, str) else "NOERROR"
        details = DnsDetails(
            server=server,
            name=question.name,
            record_type=question.record_type,
            view=view,
            rcode=rcode,
            answers=found if isinstance(found, tuple) else (),
        )
        return DnsResponse(details=details, wait_s=0.01, timestamps=None, failure=failure_of(rcode))


def searched(dns: Dns, name: str = NAME, value: str | None = VALUE) -> DomainFacts:
    label = LABEL if value else None
    search = Search(private_dns_name=name, label=label, value=value, resolvers=(PUBLIC,))
    return asyncio.run(look_up(dns, search, 2.0))  # type: ignore[arg-type]


def states(facts: DomainFacts, name: str = RECORD) -> dict[View, RecordState]:
    return {each.view: each.state for each in facts.seen if each.name == name}


def test_a_published_record_is_found_on_all_servers() -> None:
    facts = searched(Dns({**ZONE, (RECORD, "TXT"): (VALUE,)}))
    assert states(facts) == {View.PUBLIC: RecordState.PUBLISHED, View.AUTHORITATIVE: RecordState.PUBLISHED}
    assert (facts.is_public, facts.public_zone, facts.registrable) == (True, "example.com", "example.com")
    assert facts.names == ("_abc.xks.example.com", RECORD, f"{LABEL}.{NAME}")


def test_only_the_given_resolvers_and_the_zones_servers_are_queried() -> None:
    dns = Dns({**ZONE, (RECORD, "TXT"): (VALUE,)})
    searched(dns)
    assert {server for server, _ in dns.queries} == {PUBLIC, OWN}


@pytest.mark.parametrize("name", [f"{LABEL}.{NAME}", f"{LABEL}.xks.example.com", NAME, "xks.example.com"])
def test_a_record_under_the_private_dns_name_or_a_parent_is_found(name: str) -> None:
    """At LABEL.DOMAIN, or at the domain itself, as PrivateLink's guide has it."""
    facts = searched(Dns({**ZONE, (name, "TXT"): (VALUE,)}))
    assert {each.name for each in facts.seen if each.state is RecordState.PUBLISHED} == {name}


@pytest.mark.parametrize("name", [f"{LABEL}.{NAME}", RECORD])
@pytest.mark.parametrize("txt", ["NXDOMAIN", ()])
def test_a_cname_instead_of_the_record_is_reported_with_its_target(
    name: str, txt: str | tuple[str, ...]
) -> None:
    """A resolver answers NXDOMAIN if the target does not exist."""
    facts = searched(Dns({**ZONE, (name, "TXT"): txt, (name, "CNAME"): ("_x.acm-validations.example.",)}))
    found = [each for each in facts.seen if each.state is RecordState.CNAME]
    assert {(each.name, each.answers) for each in found} == {(name, ("_x.acm-validations.example.",))}


def test_a_cname_that_leads_to_the_right_record_is_no_fault() -> None:
    dns = Dns({**ZONE, (RECORD, "TXT"): (VALUE,), (RECORD, "CNAME"): ("elsewhere.example.",)})
    assert RecordState.CNAME not in {each.state for each in searched(dns).seen}


def test_the_zones_servers_may_differ_from_a_resolver() -> None:
    dns = Dns(ZONE, of={OWN: {(RECORD, "TXT"): (VALUE,)}})
    assert states(searched(dns)) == {
        View.PUBLIC: RecordState.ABSENT,
        View.AUTHORITATIVE: RecordState.PUBLISHED,
    }


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (("vpce:other",), RecordState.WRONG_VALUE),
        (("vpce:value",), RecordState.LOWER_CASED),
        ((f'"{VALUE}"',), RecordState.QUOTED_TWICE),
        ("NXDOMAIN", RecordState.ABSENT),
        ((), RecordState.ABSENT),
        ("SERVFAIL", RecordState.SERVER_FAILURE),
        ("REFUSED", RecordState.SERVER_FAILURE),
        (Reason.TIMED_OUT, RecordState.TIMED_OUT),
        (Reason.REFUSED, RecordState.UNREACHABLE),
        (Reason.UNREACHABLE, RecordState.UNREACHABLE),
        (Reason.PROTOCOL_ERROR, RecordState.MALFORMED_RESPONSE),
    ],
)
def test_each_result_of_a_query_has_its_state(
    found: tuple[str, ...] | str | Reason, state: RecordState
) -> None:
    assert states(searched(Dns({**ZONE, (RECORD, "TXT"): found})))[View.PUBLIC] is state


@pytest.mark.parametrize("name", [f"{RECORD}.example.com", f"{LABEL}.xks.example.com.example.com"])
def test_a_doubled_suffix_is_found(name: str) -> None:
    facts = searched(Dns({**ZONE, (name, "TXT"): (VALUE,)}))
    assert RecordState.NAME_DOUBLED in {each.state for each in facts.seen}


@pytest.mark.parametrize(
    ("name", "dns", "is_public"),
    [
        (NAME, Dns(ZONE), True),
        (NAME, Dns({("xks.example.com", "NS"): ("ns.x.",)}), True),
        (NAME, Dns({}), False),
        (NAME, Dns({("example.com", "NS"): Reason.TIMED_OUT}), None),
        (NAME, Dns({("example.com", "NS"): "SERVFAIL"}), None),
        ("proxy.bank.internal", Dns({}), False),
    ],
)
def test_a_domain_is_public_if_public_dns_has_its_name_servers(
    name: str, dns: Dns, *, is_public: bool | None
) -> None:
    facts = searched(dns, name)
    assert facts.is_public is is_public
    assert facts.because


def test_a_deeply_nested_name_is_public_if_its_domain_is() -> None:
    facts = searched(Dns(ZONE), "a.b.c.d.e.f.g.h.i.example.com")
    assert (facts.is_public, facts.public_zone) == (True, "example.com")


def test_without_a_value_only_the_zone_is_looked_up() -> None:
    dns = Dns(ZONE)
    facts = searched(dns, value=None)
    assert (facts.is_public, facts.seen, facts.names) == (True, (), ())


def test_the_number_of_queries_is_bounded() -> None:
    deep = "a." * 40 + "example.com"
    dns = Dns({**ZONE, ("example.com", "NS"): tuple(f"ns{n}.example.com." for n in range(50))})
    searched(dns, deep)
    assert len(dns.queries) <= 130


@dataclass
class Strict(Dns):
    """Like the real network: an invalid name raises ValueError."""

    async def query(self, server: str, question: Question, **kept: Any) -> DnsResponse:
        question_packet(question, 1)
        return await super().query(server, question, **kept)


@pytest.mark.parametrize(
    ("host", "label"), [("a..example.com", None), (NAME, "x" * 64), (NAME, "."), ("\n." + NAME, "_a")]
)
def test_an_invalid_name_is_a_malformed_response(host: str, label: str | None) -> None:
    search = Search(private_dns_name=host, label=label, value=label and VALUE, resolvers=(PUBLIC,))
    facts = asyncio.run(look_up(Strict(ZONE), search, 2.0))  # type: ignore[arg-type]
    assert RecordState.PUBLISHED not in {each.state for each in facts.seen}


@dataclass
class Silent(Dns):
    """Does not answer NS queries, so each of them takes its full timeout."""

    async def query(self, server: str, question: Question, *, timeout_s: float, **kept: Any) -> DnsResponse:
        if question.record_type == "NS":
            self.clock.pass_s(timeout_s)
            raise ExchangeFailed(Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT))
        self.waits_s.append(timeout_s)
        return await super().query(server, question, timeout_s=timeout_s, **kept)

    waits_s: list[float] = field(default_factory=list)


def test_a_zone_lookup_that_times_out_leaves_half_of_the_time_for_the_record() -> None:
    dns = Silent({(RECORD, "TXT"): (VALUE,)})
    facts = searched(dns, "proxy.example.com")  # two seconds for everything; only one parent domain to query
    assert states(facts)[View.PUBLIC] is RecordState.PUBLISHED
    assert facts.is_public is None
    assert dns.waits_s[0] == pytest.approx(1.0)

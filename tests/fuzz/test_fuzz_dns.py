"""DNS responses of random bytes or with random changes: no exception, and no record that is not in the bytes."""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st
from support.fuzzing import HOSTILE, share
from support.network.fakes import FakeClock

from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts
from probe.model.measurements import DnsDetails, Failure, Phase, Reason
from probe.model.store import KeyStoreSpec
from probe.model.targets import Question
from probe.model.verdicts import Outcome
from probe.network import DnsResponse, ExchangeFailed
from probe.network.dns import failure_of
from probe.probes.verification_record import Search, look_up
from probe.requirements.domain import (
    private_dns_name_is_under_a_public_domain,
    verification_record_is_published,
)
from probe.wire.dns import question_packet, read_answer
from probe.wire.hostport import is_ipv4

HOST, LABEL, VALUE = "myproxy-private.xks.example.com", "_abc", "vpce:Value"
RECORD = f"{LABEL}.example.com"
IDENTIFIER = 0x1234
_TXT, _NS, _A, _IN = 16, 2, 1, 1
_Record = tuple[str, int, int, bytes]  # name, type, class, data


class _Malformed(Exception):  # noqa: N818 -- not an error: it ends the reading
    """The bytes are not a complete message."""


def _name(data: bytes, at: int) -> tuple[str, int]:
    """RFC 1035, section 4.1.4: labels, or a pointer to earlier labels."""
    labels, end, jumps = [], 0, 0
    while True:
        length = _byte(data, at)
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | _byte(data, at + 1)
            jumps += 1
            if jumps > 130:
                raise _Malformed
        elif length == 0:
            return ".".join(labels).lower(), end or at + 1
        elif length > 63 or at + 1 + length > len(data):
            raise _Malformed
        else:
            labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
            at += 1 + length


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise _Malformed
    return data[at]


def _number(data: bytes, at: int) -> int:
    return _byte(data, at) << 8 | _byte(data, at + 1)


def independently_read(data: bytes) -> tuple[tuple[str, int, int] | None, list[_Record]]:
    """The question and the answers in the bytes, as far as they are readable, without the reader under test."""
    question, records = None, []
    try:
        counts = [_number(data, at) for at in (4, 6)]
        at = 12
        for _ in range(counts[0]):
            name, at = _name(data, at)
            question = (name, _number(data, at), _number(data, at + 2))
            at += 4
        for _ in range(counts[1]):
            name, at = _name(data, at)
            kind, group, length = _number(data, at), _number(data, at + 2), _number(data, at + 8)
            records.append((name, kind, group, data[at + 10 : at + 10 + length]))
            at += 10 + length
    except _Malformed:
        pass
    return question, records


def text_of(data: bytes) -> bytes:
    text, at = b"", 0
    while at < len(data):
        text += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    return text


# Now, because dnspython imports types on demand and remembers a failure for ever. One import of CH A failed once.
dns.rdata.load_all_types(disable_dynamic_load=False)
_ZONE = {
    ("example.com", "NS"): ["ns1.example.com.", "ns2.example.com."],
    ("ns1.example.com", "A"): ["192.0.2.53"],
    ("ns2.example.com", "A"): ["192.0.2.54"],
    (RECORD, "TXT"): [f'"{VALUE}"'],
}
_DATA = [
    f'"{VALUE}"',
    '"vpce:" "Value"',
    '"other"',
    f'"{VALUE.lower()}"',
    f'"\\"{VALUE}\\""',
    '""',
    '"' + "x" * 255 + '" ' * 1,
]


_OTHERS = {
    ("many", "TXT"): [*_DATA, *(f'"{n}"' for n in range(300))],
    ("hostile", "TXT"): ['"\\027[31m<b>\\010\\255"', '"[/red]=cmd()"'],
    ("hostile", "NS"): ["\\027\\091.\\000.example.com.", "a\\.b.example.com.", "."],
    ("chaos", "A"): ["ns.example.com. 17"],
}


@lru_cache(maxsize=4096)
def response(question: Question, kind: str) -> bytes:
    """A name server's response: correct, or with one of the usual faults."""
    query = dns.message.from_wire(question_packet(question, IDENTIFIER))
    reply = dns.message.make_response(query)
    name, of = question.name.rstrip(".").lower(), question.record_type
    records = _ZONE.get((name, of), [])
    owner = query.question[0].name.to_text()
    records = _OTHERS.get((kind, of), [] if kind in {"refused", "servfail"} else records)
    if kind in {"alias", "loop"}:
        alias = owner if kind == "loop" else "real.example.net."
        reply.answer.append(dns.rrset.from_text(owner, 30, "IN", "CNAME", alias))
        owner = alias
    if kind == "other owner":
        owner = "elsewhere.example.net."
    if kind == "chaos":
        reply.question[0].rdclass = 3  # type: ignore[assignment]
    if kind in {"refused", "servfail"}:
        reply.set_rcode(dns.rcode.from_text(kind))
    elif kind == "truncated":
        reply.flags |= dns.flags.TC
    if not records and kind == "plain":
        reply.set_rcode(dns.rcode.NXDOMAIN)
    if records:
        reply.answer.append(dns.rrset.from_text(owner, 60, "CH" if kind == "chaos" else "IN", of, *records))
    return reply.to_wire(max_size=65535)


_SPOTS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3)
_CUTS = st.none() | st.integers(0, 200)
Change = tuple[str, list[tuple[int, int]], int | None, bytes]
changes = st.tuples(
    st.sampled_from(["plain", "plain", "plain", "alias", "loop", "other owner", "chaos", "refused", "servfail", "truncated", "many", "hostile"]),
    st.just([]) | _SPOTS,
    st.none() | st.none() | _CUTS,
    st.just(b"") | st.binary(max_size=20),
)  # fmt: skip


def changed(question: Question, change: Change) -> bytes:
    kind, spots, cut, more = change
    data = bytearray(response(question, kind))
    for at, byte in spots:
        data[at % len(data)] = byte
    return bytes(data[:cut]) + more


def read(data: bytes, question: Question) -> DnsDetails | None:
    return read_answer(data, question, IDENTIFIER, server="192.0.2.1", view="public")


def check_read(details: DnsDetails, data: bytes, question: Question) -> None:
    """The details must be in the bytes, in a response to exactly this question."""
    found, records = independently_read(data)
    kind = {"TXT": _TXT, "NS": _NS, "A": _A}[question.record_type]
    assert _number(data, 0) == IDENTIFIER
    assert data[2] & 0x80, "a query is not a response"
    assert found == (question.name.rstrip(".").lower(), kind, _IN)
    for value in details.answers:
        if kind == _A:
            assert is_ipv4(value)
            assert bytes(map(int, value.split("."))) in [r[3] for r in records if r[1:3] == (_A, _IN)]
        if kind == _TXT and value.isascii() and "\\" not in value:
            assert value.encode() in [text_of(r[3]) for r in records if r[1:3] == (_TXT, _IN)]


_QUESTIONS = st.sampled_from([Question(name=name, record_type=kind) for name, kind in _ZONE])


@given(_QUESTIONS, changes)
@share(0.17)
def test_a_changed_response_gives_only_records_in_its_bytes(question: Question, change: Change) -> None:
    data = changed(question, change)
    details = read(data, question)
    if details is not None:
        check_read(details, data, question)


@given(_QUESTIONS, st.binary(max_size=300), st.booleans())
@share(0.06)
def test_any_bytes_are_read_correctly_or_rejected(
    question: Question,
    data: bytes,
    with_header: bool,
) -> None:
    if with_header:  # otherwise almost no input gets past the identifier
        data = response(question, "plain")[: 12 + len(question.name) + 6] + data
    details = read(data, question)
    if details is not None:
        check_read(details, data, question)


@dataclass
class ChangedDns:
    """A fake of the network's `query`: an invalid question is a ValueError, malformed bytes count as no response."""

    changes: list[Change]
    clock: FakeClock = field(default_factory=FakeClock)
    sent: list[tuple[Question, bytes]] = field(default_factory=list)

    async def query(self, server: str, question: Question, **_: Any) -> DnsResponse:
        assert is_ipv4(server), server
        question_packet(question, IDENTIFIER)
        data = changed(question, self.changes[len(self.sent) % len(self.changes)])
        self.sent.append((question, data))
        details = read(data, question)
        if details is None:
            raise ExchangeFailed(Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT))
        return DnsResponse(details=details, wait_s=0.01, timestamps=None, failure=failure_of(details.rcode))


def looked_up(network: ChangedDns, host: str, label: str | None) -> DomainFacts:
    search = Search(private_dns_name=host, label=label, value=label and VALUE, resolvers=("192.0.2.1",))
    return asyncio.run(look_up(network, search, 2.0))  # type: ignore[arg-type]


def outcomes(facts: DomainFacts) -> tuple[Outcome, Outcome]:
    spec = KeyStoreSpec(region="eu-west-1", uri_endpoint=f"https://{HOST}")
    evidence = Evidence(taken_at_s=0.0, spec=spec, domain=facts)
    (public,) = private_dns_name_is_under_a_public_domain.judge(evidence)
    (published,) = verification_record_is_published.judge(evidence)
    return public.outcome, published.outcome


@given(st.lists(changes, min_size=1, max_size=6))
@share(0.03)
def test_no_response_gives_a_record_that_was_not_sent(responses: list[Change]) -> None:
    dns_ = ChangedDns(responses)
    public, published = outcomes(looked_up(dns_, HOST, LABEL))
    read_records = [(question, independently_read(data)[1]) for question, data in dns_.sent]
    if public is Outcome.MET:
        assert any(
            r[1] == _NS for question, records in read_records if question.record_type == "NS" for r in records
        )
    if published is Outcome.MET:
        texts = [
            text_of(r[3])
            for q, records in read_records
            if q.record_type == "TXT"
            for r in records
            if r[1] == _TXT
        ]
        assert VALUE.encode() in texts


_LABELS = st.text(st.sampled_from("aZ0-_.\\\x00\n é*"), max_size=8) | st.sampled_from(
    ["x" * 63, "x" * 64, *HOSTILE]
)
_HOSTS = st.lists(_LABELS, max_size=8).map(".".join) | _LABELS.map(lambda one: f"{one}.example.com")


@given(_HOSTS, st.none() | _LABELS, st.lists(changes, min_size=1, max_size=2))
@share(0.03)
def test_no_name_from_aws_or_a_user_breaks_the_search(
    host: str, label: str | None, responses: list[Change]
) -> None:
    facts = looked_up(ChangedDns(responses), host, label)
    assert facts.is_public is not None or facts.because


def test_the_unchanged_responses_meet_both_requirements() -> None:
    """Otherwise the tests above would prove nothing."""
    plain = ChangedDns([("plain", [], None, b"")])
    assert outcomes(looked_up(plain, HOST, LABEL)) == (Outcome.MET, Outcome.MET)
    assert independently_read(response(Question(name=RECORD, record_type="TXT"), "plain"))[1] == [
        (RECORD, _TXT, _IN, bytes([len(VALUE)]) + VALUE.encode())
    ]

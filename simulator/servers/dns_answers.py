"""The responses of the simulated name servers: query bytes in, response bytes out. Pure."""

from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from simulator.scenario.addressing import Addressing
from simulator.scenario.dns_records import rrset_of
from simulator.scenario.kinds import host_names
from simulator.scenario.scenario import Record, Scenario
from simulator.servers.listener import Datagram

MAX_UDP_BYTES = 1232  # the DNS flag day 2020 default, which avoids fragmentation
_PLAIN_UDP_BYTES = 512  # RFC 1035, 4.2.1: without EDNS
_SOA = "ns.{zone}. hostmaster.{zone}. 1 7200 900 1209600 60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """The data of a server: ``records`` by (name, type), and the zone names, without final dots."""

    names: tuple[str, ...]
    records: dict[tuple[str, str], Record]


def zones_of(scenario: Scenario, addressing: Addressing, server: str | None = None) -> Zones:
    """The data of one name server: shared records, its own records, and an A record per host with a name.

    Its own records take precedence.
    """
    known = [record for record in scenario.records if not record.servers or server in record.servers]
    records = {
        (record.name, record.record_type): record for record in sorted(known, key=lambda r: bool(r.servers))
    }
    for name, host in host_names(scenario).items():
        made = Record(name=name, record_type="A", answers=(addressing.address(host),))
        records.setdefault((name, "A"), made)
    for zone in scenario.zones:
        made = Record(name=zone, record_type="SOA", answers=(_SOA.format(zone=zone),))
        records.setdefault((zone, "SOA"), made)
    return Zones(names=tuple(zone.lower() for zone in scenario.zones), records=records)


def answer_query(zones: Zones, query_bytes: bytes, *, over_udp: bool) -> Datagram | None:
    """The encoded response; None for no response (a silent record, or not a query). Never raises."""
    try:
        query = dns.message.from_wire(query_bytes)
    except (dns.exception.DNSException, ValueError):
        return None
    if query.flags & dns.flags.QR or len(query.question) != 1:
        return None
    response = dns.message.make_response(query)
    record = _record(zones, response)
    if record is not None and record.silent:
        return None
    _fill(zones, response, record)
    delay_s = record.delay_s if record else 0.0
    if over_udp and record is not None and record.is_truncated:
        _truncate(response)
    max_bytes = 65_535
    if over_udp:
        max_bytes = min(query.payload, MAX_UDP_BYTES) if query.edns >= 0 else _PLAIN_UDP_BYTES
    return Datagram(data=_to_wire(response, max(_PLAIN_UDP_BYTES, max_bytes)), delay_s=delay_s)


def _record(zones: Zones, response: dns.message.Message) -> Record | None:
    question = response.question[0]
    return zones.records.get((_name(question), dns.rdatatype.to_text(question.rdtype)))


def _name(question: dns.rrset.RRset) -> str:
    return question.name.to_text(omit_final_dot=True).lower()


def _fill(zones: Zones, response: dns.message.Message, record: Record | None) -> None:
    """Fill in the response: ``record``, or a negative response."""
    question = response.question[0]
    name = _name(question)
    zone = next((zone for zone in zones.names if name == zone or name.endswith("." + zone)), None)
    if record is not None:
        response.set_rcode(dns.rcode.from_text(record.rcode))
        if record.answers:
            response.answer.append(rrset_of(question.name, record))
    elif zone is None:
        response.set_rcode(dns.rcode.REFUSED)
    elif not any(known == name or known.endswith("." + name) for known, _ in zones.records):
        response.set_rcode(dns.rcode.NXDOMAIN)
    if zone is not None:
        response.flags |= dns.flags.AA
        if not response.answer and response.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            soa = zones.records[zone, "SOA"]
            response.authority.append(rrset_of(dns.name.from_text(zone), soa))  # RFC 2308, 3


def _to_wire(response: dns.message.Message, max_bytes: int) -> bytes:
    try:
        return response.to_wire(max_size=max_bytes)
    except dns.exception.TooBig:
        _truncate(response)
        return response.to_wire(max_size=max_bytes)


def _truncate(response: dns.message.Message) -> None:
    response.answer.clear()
    response.authority.clear()
    response.flags |= dns.flags.TC  # the client repeats the query over TCP

"""Encodes DNS queries and decodes the matching responses (RFC 1035)."""

import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from probe.model.measurements import DnsDetails
from probe.model.targets import Question

_ID_BYTES = 2


def question_packet(question: Question, identifier: int) -> bytes:
    """A recursive query with EDNS (RFC 6891), so that most responses fit into one datagram.

    Raises ValueError for an invalid domain name or record type.
    """
    try:
        query = dns.message.make_query(question.name, question.record_type, use_edns=0, payload=1232)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"not a valid DNS query: {type(error).__name__}") from error
    query.id = identifier
    return query.to_wire()


def read_answer(
    data: bytes, question: Question, identifier: int, *, server: str, view: str
) -> DnsDetails | None:
    """The response to ``question`` with ``identifier``; None for any other bytes."""
    if len(data) < _ID_BYTES or int.from_bytes(data[:_ID_BYTES], "big") != identifier:
        return None
    message = _parsed(data)
    if message is None or not _is_response_to(message, question):
        return None
    texts, ttl_s = _answers(message)
    return DnsDetails(
        server=server,
        name=question.name,
        record_type=question.record_type,
        view=view,
        rcode=dns.rcode.to_text(message.rcode()),
        answers=texts,
        ttl_s=ttl_s,
        truncated=bool(message.flags & dns.flags.TC),
    )


def _parsed(data: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(data, ignore_trailing=True, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError, struct.error, IndexError, NotImplementedError):
        return None


def _is_response_to(message: dns.message.Message, question: Question) -> bool:
    if not message.flags & dns.flags.QR or message.opcode() != dns.opcode.QUERY or len(message.question) != 1:
        return False
    asked = message.question[0]
    name = dns.name.from_text(question.name)
    # In another class (CHAOS) an A record is not an IPv4 address.
    if asked.rdclass != dns.rdataclass.IN:
        return False
    return asked.name == name and asked.rdtype == dns.rdatatype.from_text(question.record_type)


def _answers(message: dns.message.Message) -> tuple[tuple[str, ...], int | None]:
    """The requested records, after following CNAMEs, and the shortest TTL of the chain."""
    if not isinstance(message, dns.message.QueryMessage):
        return (), None
    try:
        chain = message.resolve_chaining()
    except (dns.exception.DNSException, ValueError):
        return (), None
    if chain.answer is None:
        return (), None
    return tuple(_text(rdata) for rdata in chain.answer), int(chain.minimum_ttl)


def _text(rdata: object) -> str:
    if isinstance(rdata, dns.rdtypes.ANY.TXT.TXT):
        # The value of a TXT record is the concatenation of its strings (RFC 7208, section 3.3).
        return b"".join(rdata.strings).decode("utf-8", "backslashreplace")
    return str(rdata)

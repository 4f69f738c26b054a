"""DNS messages: any bytes give the matching response or None."""

from typing import Any

import dns.message
import dns.rdataclass
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.targets import Question
from probe.wire.dns import question_packet, read_answer

QUESTION = Question(name="_vpce.example.com", record_type="TXT")


def read(data: bytes) -> Any:
    return read_answer(data, QUESTION, 0x1234, server="192.0.2.53", view="public")


def response(*records: Any) -> bytes:
    query = dns.message.from_wire(question_packet(QUESTION, 0x1234))
    reply = dns.message.make_response(query)
    reply.answer += [dns.rrset.from_text(*record) for record in records]
    return reply.to_wire()


@given(st.binary(max_size=200))
def test_random_bytes_are_not_a_response_and_raise_no_exception(data: bytes) -> None:
    assert read(data) is None
    assert read(b"\x12\x34" + data) is None or data[0] & 0x80


@given(st.integers(2, 60), st.integers(0, 255))
def test_input_with_any_changed_byte_is_read_without_an_exception(at: int, value: int) -> None:
    message = bytearray(response(("_vpce.example.com.", 60, "IN", "TXT", '"vpce:abc"')))
    message[at % len(message)] = value
    read(bytes(message))


def test_the_strings_of_a_txt_record_are_joined() -> None:
    details = read(response(("_vpce.example.com.", 60, "IN", "TXT", '"vpce:" "AbC"', '"other"')))
    assert sorted(details.answers) == ["other", "vpce:AbC"]


def test_cnames_are_followed_and_the_shortest_ttl_is_reported() -> None:
    details = read(
        response(
            ("_vpce.example.com.", 30, "IN", "CNAME", "real.example.com."),
            ("real.example.com.", 60, "IN", "TXT", '"vpce:abc"'),
        )
    )
    assert (details.answers, details.ttl_s) == (("vpce:abc",), 30)


@pytest.mark.parametrize("name", ["x" * 64 + ".example", "a..b", "x." * 200])
def test_an_invalid_domain_name_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="not a valid DNS query"):
        question_packet(Question(name=name), 1)


def test_a_response_of_another_class_is_rejected() -> None:
    """An A record of class CHAOS (RFC 1035, section 3.2.4) is a name and a number, not an IPv4 address."""
    reply = dns.message.make_response(dns.message.from_wire(question_packet(QUESTION, 0x1234)))
    reply.question[0].rdclass = dns.rdataclass.CH
    assert read(reply.to_wire()) is None

"""ICMP messages, compared with scapy's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP

from probe.model.measurements import Reason
from probe.wire import icmp

words = st.integers(0, 0xFFFF)


@given(words, words, st.binary(max_size=200))
def test_a_request_has_the_same_bytes_as_scapys(identifier: int, sequence: int, payload: bytes) -> None:
    expected = bytes(ICMP(type=8, id=identifier, seq=sequence) / payload)
    assert icmp.echo_request(identifier, sequence, payload) == expected


@given(words, words, st.binary(max_size=200))
def test_scapys_reply_is_read(identifier: int, sequence: int, payload: bytes) -> None:
    reply = bytes(ICMP(type=0, id=identifier, seq=sequence) / payload)
    assert icmp.read_echo_reply(reply) == icmp.Echo(identifier, sequence, payload)


@given(st.binary(max_size=120))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    for read in (icmp.read_echo_reply, icmp.read_echo_request, icmp.read_ipv4, icmp.read_echo_error):
        read(data)
    assert icmp.checksum(data + b"\0" * (len(data) % 2) + icmp.checksum(data).to_bytes(2, "big")) == 0


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_reply_with_one_changed_bit_is_rejected(payload: bytes, data: bytes) -> None:
    reply = bytearray(bytes(ICMP(type=0, id=1, seq=2) / payload))
    bit = data.draw(st.integers(0, len(reply) * 8 - 1))
    reply[bit // 8] ^= 1 << bit % 8
    assert icmp.read_echo_reply(bytes(reply)) is None


def test_an_icmp_error_is_read_with_the_echo_request_it_quotes() -> None:
    quoted = IP(src="192.0.2.1", dst="192.0.2.9", options=[]) / ICMP(type=8, id=5, seq=6) / b"payload."
    error = bytes(ICMP(type=3, code=1) / quoted)

    found = icmp.read_echo_error(error)

    assert found == icmp.EchoError(3, 1, "192.0.2.9", icmp.Echo(5, 6, b"payload."))


@pytest.mark.parametrize("length", [27, 28, 29])
def test_an_ipv4_payload_is_cut_to_the_total_length_in_the_header(length: int) -> None:
    packet = bytes(IP(src="192.0.2.1", dst="192.0.2.9", proto=1) / bytes(8))
    read = icmp.read_ipv4((packet + b"padding")[:length])
    assert read is not None
    assert len(read.payload) == min(length, 28) - 20


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        (3, 0, Reason.UNREACHABLE),
        (3, 3, Reason.REFUSED),
        (3, 4, Reason.PACKET_TOO_BIG),
        (3, 13, Reason.UNREACHABLE),
        (11, 0, Reason.HOP_LIMIT_EXCEEDED),
        (12, 0, Reason.PROTOCOL_ERROR),
    ],
)
def test_each_icmp_error_has_its_reason(kind: int, code: int, reason: Any) -> None:
    assert icmp.reason_of_error(kind, code) is reason


@given(
    st.integers(1, 0xFFFF),
    st.integers(0, 0xFFFF),
    st.integers(0, (1 << 64) - 1),
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=48),
)
def test_a_template_builds_the_same_bytes_as_echo_request(
    identifier: int, sequence: int, counter: int, head: Any, filling: Any
) -> None:
    template = icmp.EchoTemplate(identifier, head, filling)
    payload = head + counter.to_bytes(8, "big") + filling

    request, reply = template.pair(sequence, counter)
    assert request == icmp.echo_request(identifier, sequence, payload)
    assert icmp.read_echo_reply(reply) == icmp.Echo(identifier, sequence, payload)

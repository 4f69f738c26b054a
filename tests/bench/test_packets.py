import socket
import struct

import pytest

from bench import packets
from bench.packets import Echo, Exchange, Frame

AGENT, HOST = "10.77.0.1", "10.78.0.1"
SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10


def frame(
    stamp_ns: int, source: str, destination: str, protocol: int, body: bytes, fragment: int = 0
) -> Frame:
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, fragment, 64, protocol, 0) + addresses
    return Frame(stamp_ns, bytes(12) + b"\x08\x00" + header + body)


def request(stamp_ns: int, sequence: int = 1) -> Frame:
    return frame(stamp_ns, AGENT, HOST, 1, struct.pack("!BBHHH", 8, 0, 0, 7, sequence))


def reply(stamp_ns: int, sequence: int = 1) -> Frame:
    return frame(stamp_ns, HOST, AGENT, 1, struct.pack("!BBHHH", 0, 0, 0, 7, sequence))


def out(stamp_ns: int, flags: int = ACK, data: bytes = b"", sequence: int = 0) -> Frame:
    return frame(stamp_ns, AGENT, HOST, 6, tcp(40000, 443, flags, sequence) + data)


def back(stamp_ns: int, flags: int = ACK, data: bytes = b"", sequence: int = 0) -> Frame:
    return frame(stamp_ns, HOST, AGENT, 6, tcp(443, 40000, flags, sequence) + data)


def tcp(source_port: int, destination_port: int, flags: int, sequence: int) -> bytes:
    return struct.pack("!HHIIBBHHH", source_port, destination_port, sequence, 0, 0x50, flags, 0, 0, 0)


def test_frames_are_the_same_after_writing_and_reading() -> None:
    written = [request(1_800_000_000_123_456_789), reply(1_800_000_001_000_000_001)]
    assert packets.frames(packets.file_header() + b"".join(map(packets.record, written))) == written


def test_a_record_cut_short_is_left_out() -> None:
    complete = packets.file_header() + packets.record(request(1)) + packets.record(reply(2))
    assert packets.frames(complete[:-1]) == [request(1)]


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1" + bytes(20)], ids=["empty", "microseconds"])
def test_another_kind_of_file_is_rejected(data: bytes) -> None:
    with pytest.raises(ValueError, match="nanosecond"):
        packets.frames(data)


def test_a_ping_is_a_request_with_its_reply() -> None:
    assert packets.echoes([request(100), reply(350)]) == [
        Echo(address=HOST, identifier=7, sequence=1, request_ns=100, rtt_ns=250)
    ]


def test_an_unanswered_ping_has_no_round_trip() -> None:
    assert [echo.rtt_ns for echo in packets.echoes([request(100), reply(350, sequence=2)])] == [None]


@pytest.mark.parametrize(
    "captured",
    [[request(1), request(2), reply(3)], [request(1), reply(2), reply(3)]],
    ids=["two requests", "two replies"],
)
def test_an_ambiguous_ping_is_left_out(captured: list[Frame]) -> None:
    assert packets.echoes(captured) == []


def test_fragments_and_other_frames_are_not_pings() -> None:
    fragment_frame = frame(1, AGENT, HOST, 1, struct.pack("!BBHHH", 8, 0, 0, 7, 1), fragment=0x2000)
    assert (
        packets.echoes(
            [fragment_frame, Frame(2, b""), Frame(3, bytes(60)), frame(4, AGENT, HOST, 1, b"\x08")]
        )
        == []
    )


def test_a_connect_is_timed_from_syn_to_syn_ack() -> None:
    captured = packets.segments([out(10, SYN), back(35, SYN_ACK), out(40)])
    assert packets.connects(captured) == {(HOST, 40000): 25}


@pytest.mark.parametrize("captured", [[out(1, SYN), out(2, SYN), back(3, SYN_ACK)], [out(1, SYN)]])
def test_a_repeated_or_unanswered_syn_is_not_a_connect(captured: list[Frame]) -> None:
    assert packets.connects(packets.segments(captured)) == {}


def tcp_handshake() -> list[Frame]:
    return [out(1, SYN), back(2, SYN_ACK), out(3)]


def exchanges_after_handshake(*captured: Frame) -> list[Exchange]:
    return packets.exchanges(packets.segments([*tcp_handshake(), *captured]))[HOST, 40000]


def test_a_flight_ends_with_the_servers_last_data_before_the_clients_next() -> None:
    found = exchanges_after_handshake(
        out(10, data=b"hello"), out(11, data=b"more", sequence=5), back(12), back(20, data=b"server"),
        back(30, data=b"finished", sequence=6), out(40, data=b"finished", sequence=9),
        back(50, data=b"ticket", sequence=14),
    )  # fmt: skip
    assert found == [
        Exchange(request_ns=11, first_ns=20, last_ns=30, response_segments=2),
        Exchange(request_ns=40, first_ns=50, last_ns=50, response_segments=1),
    ]


def test_a_response_over_tls_is_in_the_exchange_after_the_handshake() -> None:
    found = exchanges_after_handshake(
        out(10, data=b"hello"), back(20, data=b"flight"), out(30, data=b"fin", sequence=5),
        out(31, data=b"GET", sequence=8), back(45, data=b"200", sequence=6), back(60, data=b"body", sequence=9),
        out(70, data=b"bye", sequence=11),
    )  # fmt: skip
    assert found[1] == Exchange(request_ns=31, first_ns=45, last_ns=60, response_segments=2)
    assert len(found) == 2, "a close_notify without a response is not an exchange"


def test_a_client_without_a_response_has_no_exchange() -> None:
    assert exchanges_after_handshake(out(10, data=b"hello"), back(12)) == []


def test_data_that_a_server_sends_first_is_not_a_response() -> None:
    assert exchanges_after_handshake(
        back(5, data=b"220"), out(10, data=b"hello"), back(15, data=b"250", sequence=3)
    ) == [Exchange(request_ns=10, first_ns=15, last_ns=15, response_segments=1)]


@pytest.mark.parametrize(
    "retransmission",
    [out(11, data=b"hello"), out(11, data=b"o", sequence=4), out(11, SYN)],
    ids=["whole segment", "last byte", "SYN"],
)
def test_a_connection_with_retransmitted_data_is_left_out(retransmission: Frame) -> None:
    captured = [*tcp_handshake(), out(10, data=b"hello"), retransmission, back(20, data=b"server")]
    assert packets.exchanges(packets.segments(captured)) == {}


def test_sequence_numbers_may_wrap() -> None:
    found = exchanges_after_handshake(
        out(10, data=b"hello", sequence=2**32 - 3), out(11, data=b"more", sequence=2), back(20, data=b"answer")
    )  # fmt: skip
    assert [exchange.request_ns for exchange in found] == [11]


def test_a_connection_without_a_captured_syn_is_left_out() -> None:
    assert packets.exchanges(packets.segments([out(10, data=b"hello"), back(20, data=b"server")])) == {}


def test_a_reply_has_a_timestamp_only_if_it_arrived() -> None:
    assert [echo.reply_ns for echo in packets.echoes([request(100), reply(350)])] == [350]
    assert [echo.reply_ns for echo in packets.echoes([request(100)])] == [None]

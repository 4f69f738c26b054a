import json
from typing import Any

import pytest

from bench import readings
from bench.packets import Echo, Exchange


def echo(address: str = "10.78.0.1", sequence: int = 1, at: int = 0, rtt_ns: int | None = 20_000) -> Echo:
    return Echo(address=address, identifier=7, sequence=sequence, request_ns=at, rtt_ns=rtt_ns)


def line(**changed: Any) -> str:
    fields = {
        "address": "10.78.0.1",
        "identifier": 7,
        "sequence": 1,
        "rtt_seconds": 17e-6,
        "timestamps": "kernel",
    }
    return json.dumps(fields | changed)


def test_a_ping_of_xks_probe_is_compared_with_the_same_ping_in_the_capture() -> None:
    found = readings.own_echoes([line(), line(sequence=2), line(sequence=3, rtt_seconds=None)], [echo()])
    assert found.errors_us == [pytest.approx(-3.0)]
    assert (found.reported, found.kernel) == (2, 3)


def test_a_connect_of_xks_probe_is_matched_by_its_local_port() -> None:
    found = readings.own_connects([line(local_port=40000)], {("10.78.0.1", 40000): 16_000})
    assert found.errors_us == [pytest.approx(1.0)]


def test_fping_numbers_its_pings_per_address() -> None:
    text = (
        "[1795489779.62580] 10.78.0.1 : [0], 64 bytes, 0.030 ms (0.030 avg, 0% loss)\n"
        "[1795489779.64582] 10.78.0.1 : [1], 64 bytes, 0.041 ms (0.035 avg, 0% loss)\n"
        "10.78.0.2 : [1], timed out (NaN avg, 100% loss)\n"
    )
    found = readings.fping(text, [echo(sequence=9, at=2, rtt_ns=40_000), echo(sequence=4, at=1)])
    assert found.errors_us == [pytest.approx(10.0), pytest.approx(1.0)]


def test_iputils_pings_are_matched_by_sequence() -> None:
    text = "[1795489779.682567] 64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.033 ms\n"
    assert readings.iputils(text, [echo()]).errors_us == [pytest.approx(13.0)]


BLACKBOX = (
    'ts=2026-11-24T10:40:47Z caller=handler.go:117 msg="Creating ICMP packet" seq={} id=21753\n'
    '# TYPE x gauge\nprobe_icmp_duration_seconds{{phase="rtt"}} 5e-05\nprobe_success 1\n'
)


def test_blackbox_pings_are_matched_by_the_logged_sequence() -> None:
    pages = [("10.78.0.1", BLACKBOX.format(1)), ("10.78.0.1", BLACKBOX.format(9)), ("10.78.0.1", "failed")]
    found = readings.blackbox(pages, [echo(sequence=9, rtt_ns=45_000), echo()])
    assert found.errors_us == [pytest.approx(30.0), pytest.approx(5.0)]
    assert found.reported == 2


def test_a_sequence_that_blackbox_used_twice_is_left_out() -> None:
    found = readings.blackbox([("10.78.0.1", BLACKBOX.format(1))], [echo(), echo(rtt_ns=None)])
    assert (found.errors_us, found.reported) == ([], 1)


def smokeping_page(**counted: int) -> str:
    return "".join(
        f'smokeping_response_duration_seconds_bucket{{host="h",ip="10.78.0.{name[1:]}",le="5e-05"}} 1\n'
        f'smokeping_response_duration_seconds_sum{{host="h",ip="10.78.0.{name[1:]}"}} {count * 5e-5}\n'
        f'smokeping_response_duration_seconds_count{{host="h",ip="10.78.0.{name[1:]}"}} {count}\n'
        for name, count in counted.items()
    )


def test_the_mean_of_smokeping_is_compared_with_the_mean_of_its_first_pings() -> None:
    captured = [
        echo(sequence=3, at=300, rtt_ns=90_000),
        echo(sequence=1, at=100, rtt_ns=20_000),
        echo(sequence=2, at=200, rtt_ns=40_000),
        echo(sequence=4, at=400, rtt_ns=None),
    ]
    found = readings.smokeping(smokeping_page(h1=2, h2=1, h3=0), captured)
    assert found.errors_us == [pytest.approx(20.0)], "a later ping is not in the page yet"
    assert found.reported == 2, "a host without replies has no mean"


def test_every_ping_of_fping_is_counted() -> None:
    assert readings.fping_losses("10.78.0.1   : 0.05 - 0.04\n10.78.0.2 : - - -\nnoise : x\n") == (6, 4)


def test_every_ping_of_xks_probe_is_counted() -> None:
    assert readings.own_losses([line(), line(rtt_seconds=None)]) == (2, 1)


def wait_line(**changed: Any) -> str:
    fields = {"address": "10.78.0.1", "local_port": 40000, "wait_seconds": 25e-6, "timestamps": "kernel"}
    return json.dumps(fields | changed)


def exchange(response_segments: int = 1) -> Exchange:
    return Exchange(request_ns=1000, first_ns=21_000, last_ns=24_000, response_segments=response_segments)


def test_a_handshake_is_matched_by_local_port_and_exchange() -> None:
    lines = [wait_line(), wait_line(local_port=40001), wait_line(local_port=40002, wait_seconds=None)]
    exchanges = {("10.78.0.1", 40000): [exchange(3), exchange()], ("10.78.0.1", 40001): [exchange()]}
    found = readings.own_exchanges(lines, exchanges, 0, lambda found: found.last_ns - found.request_ns)
    assert found.errors_us == [pytest.approx(2.0), pytest.approx(2.0)]
    assert (found.reported, found.kernel, found.one_segment) == (2, 2, 1)
    assert len(readings.own_exchanges(lines, exchanges, 1, lambda found: found.first_ns).errors_us) == 1


def test_samples_flagged_as_upper_bounds_are_not_in_the_errors() -> None:
    lines = [wait_line(wait_is_upper_bound=True, wait_seconds=1.0), wait_line(wait_is_upper_bound=False)]
    exchanges = {("10.78.0.1", 40000): [exchange()]}
    found = readings.own_exchanges(lines, exchanges, 0, lambda found: found.first_ns - found.request_ns)
    assert found.errors_us == [pytest.approx(5.0)]
    assert (found.reported, found.upper_bounds) == (2, 1)


def stamp_line(**changed: Any) -> str:
    fields = {
        "address": "10.78.0.1",
        "identifier": 7,
        "sequence": 1,
        "sent_ns": 103,
        "rtt_ns": 19_997,
        "timestamps": "kernel",
    }
    return json.dumps(fields | changed)


def test_timestamps_are_compared_to_the_nanosecond() -> None:
    lines = [stamp_line(), stamp_line(sequence=2), stamp_line(sequence=3), stamp_line(timestamps="kernel-rx")]
    captured = [echo(at=100), echo(sequence=2, at=101)]
    found = readings.stamps(lines, captured)
    assert (found.receive_ns, found.transmit_ns) == ([0, -1], [3, 2])
    assert (found.reported, found.equal) == (3, 1)


def test_the_first_line_describes_the_engines_socket() -> None:
    line = '{"mode": "raw", "receive_buffer_bytes": 425984}'
    assert (readings.engine_mode(line), readings.engine_buffer_bytes(line)) == ("raw", 425_984)

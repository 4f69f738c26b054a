import json
from typing import Any

import pytest

from bench import readings
from bench.packets import Echo
from bench.readings import Cost, Errors, Results, Row


def echo(address: str = "10.78.0.1", sequence: int = 1, at: int = 0, rtt_ns: int | None = 20_000) -> Echo:
    return Echo(address=address, identifier=7, sequence=sequence, request_ns=at, rtt_ns=rtt_ns)


def line(**changed: Any) -> str:
    own = {
        "address": "10.78.0.1",
        "identifier": 7,
        "sequence": 1,
        "rtt_seconds": 17e-6,
        "timestamps": "kernel",
    }
    return json.dumps(own | changed)


def test_our_echo_is_compared_with_the_capture_of_the_same_echo() -> None:
    found = readings.own_echoes([line(), line(sequence=2), line(sequence=3, rtt_seconds=None)], [echo()])
    assert found.errors_us == [pytest.approx(-3.0)]
    assert (found.said, found.kernel) == (2, 3)


def test_our_connect_is_compared_by_local_port() -> None:
    found = readings.own_connects([line(local_port=40000)], {("10.78.0.1", 40000): 16_000})
    assert found.errors_us == [pytest.approx(1.0)]


def test_fping_numbers_its_echoes_for_each_address() -> None:
    text = (
        "[1795489779.62580] 10.78.0.1 : [0], 64 bytes, 0.030 ms (0.030 avg, 0% loss)\n"
        "[1795489779.64582] 10.78.0.1 : [1], 64 bytes, 0.041 ms (0.035 avg, 0% loss)\n"
        "10.78.0.2 : [1], timed out (NaN avg, 100% loss)\n"
    )
    found = readings.fping(text, [echo(sequence=9, at=2, rtt_ns=40_000), echo(sequence=4, at=1)])
    assert found.errors_us == [pytest.approx(10.0), pytest.approx(1.0)]


def test_iputils_numbers_by_sequence() -> None:
    text = "[1795489779.682567] 64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.033 ms\n"
    assert readings.iputils(text, [echo()]).errors_us == [pytest.approx(13.0)]


def test_blackbox_pages_are_in_the_order_of_the_capture() -> None:
    page = '# TYPE x gauge\nprobe_icmp_duration_seconds{phase="rtt"} 5e-05\nprobe_success 1\n'
    assert readings.blackbox([page], [echo()]).errors_us == [pytest.approx(30.0)]
    assert readings.blackbox([page, page], [echo()]).errors_us == ()


def test_every_echo_of_fping_is_accounted_for() -> None:
    assert readings.fping_losses("10.78.0.1   : 0.05 - 0.04\n10.78.0.2 : - - -\nnoise : x\n") == (6, 4)


def test_every_echo_of_ours_is_accounted_for() -> None:
    assert readings.own_losses([line(), line(rtt_seconds=None)]) == (2, 1)


def test_p99_is_the_nearest_rank_of_the_absolute_values() -> None:
    assert readings.p99([-float(n) for n in range(1, 101)]) == 99.0
    assert readings.p99([-4.0]) == 4.0


def test_the_tables_say_what_was_found() -> None:
    results = Results(
        machine="Linux",
        rows=[
            Row(
                tool="ours", method="icmp", load="idle", found=Errors(errors_us=[-3, -2, 1], said=4, kernel=4)
            ),
            Row(tool="other", method="icmp", load="idle", found=Errors(errors_us=[], said=0), dropped=2),
        ],
        peers=[("other", "not installed", "")],
        costs={
            "ours": [Cost(cpu_s=0.4, echoes=20_000, lost=1)],
            "fping": [Cost(cpu_s=0.8, echoes=20_000, lost=0)],
        },
        starts_ms={"xks-probe --version": [80.0, 90.0, 130.0]},
    )
    text = readings.tables(results)
    assert "| ours | icmp | idle | 3 of 4 | -2.0 | 3.0 | 4 of 4 | 0 |" in text
    assert "| other | icmp | idle | 0 of 0 | - | - | not said | 2 |" in text
    assert "| ours | 1 | 20000 | 1 | 20.0 (20.0 to 20.0) |" in text
    assert "ours over fping: 0.50." in text
    assert "| `xks-probe --version` | 3 | 90 |" in text


def test_the_page_is_changed_between_its_markers_alone() -> None:
    page = "above\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nbelow\n"
    once = readings.between_markers(page, "new\n")
    assert once == "above\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nbelow\n"
    assert readings.between_markers(once, "new\n") == once


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="has not both"):
        readings.between_markers("<!-- bench: end -->", "new")

"""Round trips as lines and JSON."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_examples import DENSE, HOSTILE, NODE_1, SPARSE, connect, echo
from rich.console import Console
from schema_check import faults

from exporters.report import ping
from probe.model.measurements import Measurement
from probe.model.text import clean


@pytest.mark.parametrize(
    "measurement",
    [
        echo(),
        echo(rtt_s=None),
        connect(),
        connect(rtt_s=None),
        replace(echo(rtt_s=None), details=None, address=None),
    ],
    ids=["echo", "silent", "connect", "no connect", "no address"],
)
def test_the_document_fulfils_its_schema(measurement: Measurement) -> None:
    assert faults(ping.document(measurement), "ping") == []


def test_an_echo_has_the_packets_numbers_and_the_round_trip() -> None:
    said = ping.document(echo())
    assert (said["identifier"], said["sequence"], said["rtt_seconds"], said["timestamps"]) == (
        77,
        3,
        0.020394,
        "kernel",
    )
    assert said["failure"] is None


def test_an_unanswered_probe_has_null_for_round_trip_and_stamps() -> None:
    said = ping.document(echo(rtt_s=None))
    assert said["rtt_seconds"] is None
    assert said["timestamps"] is None
    assert said["failure"] == {"phase": "echo", "reason": "timed_out", "detail": ""}


def test_a_connect_counts_as_it_is_told_and_names_its_port() -> None:
    said = ping.document(connect(), sequence=0)
    assert (said["sequence"], said["local_port"], said["retransmits"]) == (0, 40123, 1)
    assert "identifier" not in said


def test_a_line_is_short_and_plain() -> None:
    assert (
        ping.line(replace(echo(), target=replace(NODE_1, name="10.20.1.10")))
        == "10.20.1.10 seq=3 rtt=20.394 ms (kernel)"
    )


def test_a_line_without_an_answer_says_reason_and_phase() -> None:
    assert ping.line(echo(rtt_s=None)) == "nlb-use1-az1 (10.20.1.10) seq=3 no answer: timed_out in echo"


def test_an_answer_whose_time_a_clock_step_spoilt_has_null_for_it_and_no_failure() -> None:
    spoilt = replace(echo(), phases_s={}, timestamps=None, failure=None)
    document = ping.document(spoilt)
    assert faults(document, "ping") == []
    assert (document["rtt_seconds"], document["timestamps"], document["failure"]) == (None, None, None)
    assert "answered; its time is discarded" in ping.line(spoilt)


def test_a_retransmit_is_said() -> None:
    assert ping.line(connect(), sequence=4).endswith("seq=4 rtt=12.700 ms (kernel) retransmits=1")


@given(st.text(max_size=300))
def test_whatever_the_network_says_a_line_stays_one_printable_line(detail: str) -> None:
    line = ping.line(connect(rtt_s=None, detail=detail))
    assert clean(line, limit=10_000) == line
    assert len(line.splitlines()) == 1


def test_the_summary_fits_80_columns_and_cuts_no_number() -> None:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(ping.summary({"nlb-use1-az1": DENSE, HOSTILE: SPARSE}))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= 80
    assert "12.700" in text
    assert "1.64 %" in text
    assert "\x1b" not in text

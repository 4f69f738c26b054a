"""Round trips as lines and JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from support.reports.examples import DENSE, HOSTILE, NODE_1, SPARSE, connect, echo
from support.reports.schema_check import faults

from exporters.report import ping
from probe.model.measurements import EchoBatch, EchoOutcome, Measurement, Reason, Timestamps
from probe.model.text import clean
from probe.probes.icmp import measurements_of


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


def test_a_ping_has_the_identifier_and_sequence_of_its_packet() -> None:
    document = ping.document(echo())
    assert (
        document["identifier"],
        document["sequence"],
        document["rtt_seconds"],
        document["timestamps"],
    ) == (
        77,
        3,
        0.020394,
        "kernel",
    )
    assert document["failure"] is None


def test_an_unanswered_probe_has_null_for_round_trip_and_timestamps() -> None:
    document = ping.document(echo(rtt_s=None))
    assert document["rtt_seconds"] is None
    assert document["timestamps"] is None
    assert document["failure"] == {"phase": "echo", "reason": "timed_out", "detail": ""}


def test_a_connect_has_the_given_sequence_and_its_local_port() -> None:
    document = ping.document(connect(), sequence=0)
    assert (document["sequence"], document["local_port"], document["retransmits"]) == (0, 40123, 1)
    assert "identifier" not in document


def test_a_line_is_short_and_plain() -> None:
    assert (
        ping.line(replace(echo(), target=replace(NODE_1, name="10.20.1.10")))
        == "10.20.1.10 seq=3 rtt=20.394 ms (kernel)"
    )


def test_a_line_without_a_reply_shows_reason_and_phase() -> None:
    assert ping.line(echo(rtt_s=None)) == "nlb-use1-az1 (10.20.1.10) seq=3 no reply: timed_out in echo"


def test_an_rtt_discarded_by_a_clock_step_is_null_without_a_failure() -> None:
    discarded = replace(echo(), phases_s={}, timestamps=None, failure=None)
    document = ping.document(discarded)
    assert faults(document, "ping") == []
    assert (document["rtt_seconds"], document["timestamps"], document["failure"]) == (None, None, None)
    assert "answered, but the RTT is discarded" in ping.line(discarded)


def test_a_retransmit_is_shown() -> None:
    assert ping.line(connect(), sequence=4).endswith("seq=4 rtt=12.700 ms (kernel) retransmits=1")


@given(st.text(max_size=300))
def test_untrusted_text_keeps_a_line_printable(detail: str) -> None:
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


def rows() -> st.SearchStrategy[tuple[int, int, int, int, Timestamps | None, EchoOutcome, Reason | None]]:
    """Rows of a batch like those of an engine: a reply has an RTT, or none because of a clock step."""
    begun = (st.integers(0, 1), st.integers(0, 0xFFFF), st.integers(0, 4 * 10**18))
    timed = st.tuples(*begun, st.integers(0, 10**10), st.sampled_from(Timestamps))
    untimed = st.tuples(*begun, st.just(-1), st.none())
    answers = st.sampled_from([EchoOutcome.ANSWERED, EchoOutcome.DUPLICATE, EchoOutcome.LATE])
    failures = st.sampled_from([EchoOutcome.FAILED, EchoOutcome.TIMED_OUT])
    answered = st.tuples(timed | untimed, answers).map(lambda row: (*row[0], row[1], None))
    failed = st.tuples(untimed, failures, st.sampled_from(Reason)).map(lambda row: (*row[0], row[1], row[2]))
    return answered | failed


@given(st.lists(rows(), max_size=5), st.text(max_size=300))
def test_the_json_lines_of_a_batch_equal_the_documents_of_its_pings(batched: Any, name: str) -> None:
    targets = [replace(NODE_1, name=name), NODE_1]
    addresses = ("192.0.2.1", "192.0.2.2")
    columns = list(zip(*batched, strict=True)) or [()] * 7
    batch = EchoBatch(
        indexes=columns[0], sequences=columns[1], sent_ns=columns[2], rtt_ns=columns[3], stamps=columns[4],
        outcomes=columns[5], reasons=columns[6], identifier=77,
    )  # fmt: skip

    lines = ping.EchoLines([target.name for target in targets], addresses).of(batch)

    documents = [ping.document(measurement) for measurement in measurements_of(targets, batch, addresses)]
    assert [_untimed(json.loads(line)) for line in lines] == [_untimed(document) for document in documents]
    for line in lines:
        assert faults(json.loads(line), "ping") == []


def _untimed(document: dict[str, Any]) -> dict[str, Any]:
    """Only the year of ``sent_at``: its microseconds are truncated in a line and rounded in a document."""
    return {**document, "sent_at": document["sent_at"][:4]}


def test_a_line_has_the_send_time_to_the_microsecond() -> None:
    lines = ping.EchoLines(["a"], ["192.0.2.1"])
    batch = EchoBatch(
        indexes=(0, 0), sequences=(1, 2), sent_ns=(999_999_999, 1_000_001_999), rtt_ns=(5, 6),
        stamps=(Timestamps.KERNEL,) * 2, outcomes=(EchoOutcome.ANSWERED,) * 2, reasons=(None, None), identifier=1,
    )  # fmt: skip
    assert [json.loads(line)["sent_at"] for line in lines.of(batch)] == [
        "1970-01-01T00:00:00.999999Z",
        "1970-01-01T00:00:01.000001Z",
    ]

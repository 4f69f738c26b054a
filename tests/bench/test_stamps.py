import json

from bench import stamps
from probe.model.measurements import EchoBatch, EchoOutcome, Timestamps


def test_only_answered_pings_with_a_round_trip_have_a_line() -> None:
    batch = EchoBatch(
        indexes=(1, 0, 1, 0),
        sequences=(5, 6, 7, 8),
        sent_ns=(1_800_000_000_000_000_001, 2, 3, 4),
        rtt_ns=(20_001, -1, -1, 9),
        stamps=(Timestamps.KERNEL, None, None, Timestamps.KERNEL),
        outcomes=(EchoOutcome.ANSWERED, EchoOutcome.TIMED_OUT, EchoOutcome.ANSWERED, EchoOutcome.DUPLICATE),
        reasons=(None, None, None, None),
        identifier=7,
        addresses=("10.78.0.1", "10.78.0.2"),
    )
    assert [json.loads(line) for line in stamps.lines(batch)] == [
        {
            "address": "10.78.0.2",
            "identifier": 7,
            "sequence": 5,
            "sent_ns": 1_800_000_000_000_000_001,
            "rtt_ns": 20_001,
            "timestamps": "kernel",
        }
    ]

"""The path's stops."""

from dataclasses import replace

from report_examples import NODE_1, NODE_2, NOW_S, connect, echo, evidence
from rich.console import Console

from exporters.report import path
from probe.model.evidence import Evidence
from probe.model.measurements import Reason


def test_regions_are_no_stop_of_the_path() -> None:
    assert [stop.target.name for stop in path.stops(evidence())] == [
        "nlb-use1-az1",
        "nlb-use1-az2",
        "proxy-1",
        "hsm-1",
        "vpc-resolver",
    ]


def test_the_failure_of_a_stop_is_that_of_its_gravest_check() -> None:
    (stop,) = path.stops(
        Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(echo(rtt_s=None), connect(rtt_s=None)))
    )
    assert stop.failed is not None
    assert stop.failed.check == "tcp"


def test_a_silent_echo_alone_is_still_shown() -> None:
    (stop,) = path.stops(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(echo(rtt_s=None), connect())))
    assert stop.failure is not None
    assert stop.failure.reason is Reason.TIMED_OUT
    assert path.document(stop)["last_rtt_seconds"] == 0.0127


def test_a_target_that_was_not_measured_is_not_called_answering() -> None:
    text = shown(Evidence(taken_at_s=NOW_S, targets=(NODE_2,)), 80)
    assert "not measured" in text
    assert "answers" not in text


def test_more_columns_come_with_more_width() -> None:
    assert "certificate" not in shown(evidence(), 119)
    assert "certificate" in shown(evidence(), 120)


def test_an_address_of_the_network_is_escaped() -> None:
    odd = replace(connect(), address="\x1b[2J")
    assert "\x1b" not in shown(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(odd,)), 80)


def shown(seen: Evidence, width: int) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(path.PathTable(path.stops(seen), NOW_S))
    return captured.get()

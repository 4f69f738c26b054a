"""The path's stops."""

from dataclasses import replace

from rich.console import Console
from support.reports.examples import NODE_1, NODE_2, NOW_S, connect, echo, evidence, requested

from exporters.report import path
from probe.model.evidence import Evidence
from probe.model.measurements import Failure, Phase, Reason
from probe.model.targets import Check


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


def test_a_check_of_whatever_kind_that_fails_is_never_called_answering() -> None:
    """Also one that nobody has thought of here: it was in no list of this module once."""
    for check in Check:
        failed = replace(connect(rtt_s=None), check=check)
        text = shown(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(failed,)), 140)
        assert "answers" not in text, check
        assert "timed out in connect" in text, check


def test_what_was_not_sent_or_not_for_health_is_no_answer() -> None:
    for seen in (
        requested(withheld="common-name-matches", status=None),
        requested(purpose="get", status=405),
    ):
        (stop,) = path.stops(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(seen,)))
        assert path.document(stop)["checks"] == {}
        text = shown(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(seen,)), 80)
        assert "not measured" in text
        assert "answers" not in text


def test_the_newest_request_for_health_counts_though_another_request_came_after_it() -> None:
    later = replace(requested(purpose="get", status=405), started_at_s=NOW_S + 1)
    (stop,) = path.stops(
        Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(later,), recent=(requested(),))
    )
    assert stop.latest == {Check.HEALTH_COLD: requested()}


def test_a_warm_failure_from_before_the_newest_cold_answer_is_past() -> None:
    silence = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT)
    before = replace(requested(warm=True, status=None), started_at_s=NOW_S - 60, failure=silence)
    (stop,) = path.stops(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(requested(), before)))
    assert stop.failed is None


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

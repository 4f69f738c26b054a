"""The targets on the path."""

from dataclasses import replace

from rich.console import Console
from support.reports.examples import NODE_1, NODE_2, NOW_S, connect, echo, evidence, requested

from exporters.report import path
from probe.model.evidence import Evidence
from probe.model.measurements import Failure, Phase, Reason
from probe.model.targets import Check


def test_regions_are_not_part_of_the_path() -> None:
    assert [stop.target.name for stop in path.stops(evidence())] == [
        "nlb-use1-az1",
        "nlb-use1-az2",
        "proxy-1",
        "hsm-1",
        "vpc-resolver",
    ]


def test_a_stop_shows_the_failure_that_matters_most_to_kms() -> None:
    (stop,) = path.stops(
        Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(echo(rtt_s=None), connect(rtt_s=None)))
    )
    assert stop.failed is not None
    assert stop.failed.check == "tcp"


def test_a_failure_of_only_icmp_is_shown() -> None:
    (stop,) = path.stops(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(echo(rtt_s=None), connect())))
    assert stop.failure is not None
    assert stop.failure.reason is Reason.TIMED_OUT
    assert path.document(stop)["last_rtt_seconds"] == 0.0127


def test_a_target_that_was_not_measured_is_not_called_responding() -> None:
    text = shown(Evidence(taken_at_s=NOW_S, targets=(NODE_2,)), 80)
    assert "not measured" in text
    assert "responding" not in text


def test_a_target_with_any_failed_check_is_not_called_responding() -> None:
    """This must also work for checks that are not listed in this module."""
    for check in Check:
        failed = replace(connect(rtt_s=None), check=check)
        text = shown(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(failed,)), 140)
        assert "responding" not in text, check
        assert "timed out in connect" in text, check


def test_withheld_requests_and_conduct_tests_are_not_responses() -> None:
    for measurement in (
        requested(withheld="common-name-matches", status=None),
        requested(purpose="get", status=405),
    ):
        (stop,) = path.stops(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(measurement,)))
        assert path.document(stop)["checks"] == {}
        text = shown(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(measurement,)), 80)
        assert "not measured" in text
        assert "responding" not in text


def test_the_latest_health_request_counts_even_if_a_conduct_test_follows() -> None:
    later = replace(requested(purpose="get", status=405), started_at_s=NOW_S + 1)
    (stop,) = path.stops(
        Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(later,), recent=(requested(),))
    )
    assert stop.latest == {Check.HEALTH_COLD: requested()}


def test_a_warm_failure_older_than_the_latest_cold_response_is_outdated() -> None:
    silence = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT)
    before = replace(requested(warm=True, status=None), started_at_s=NOW_S - 60, failure=silence)
    (stop,) = path.stops(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(requested(), before)))
    assert stop.failed is None


def test_a_wider_terminal_shows_more_columns() -> None:
    added = {
        width: {word for word in ("certificate", "timestamps") if word in shown(evidence(), width)}
        for width in (80, 120, 140)
    }
    assert added == {80: set(), 120: {"certificate"}, 140: {"certificate", "timestamps"}}


def test_an_untrusted_address_is_escaped() -> None:
    hostile = replace(connect(), address="\x1b[2J")
    assert "\x1b" not in shown(Evidence(taken_at_s=NOW_S, targets=(NODE_1,), latest=(hostile,)), 80)


def shown(collected: Evidence, width: int) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(path.table(path.stops(collected), NOW_S))
    return captured.get()

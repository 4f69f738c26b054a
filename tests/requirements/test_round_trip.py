"""The 35 ms limit, decided by the median of the TCP round trips to the key manager."""

from dataclasses import replace

import pytest
from support.evidence import by_subject, evidence, only, target, window

from probe.model.statistics import Summary, Window
from probe.model.targets import Role, Target
from probe.model.verdicts import Outcome
from probe.requirements.round_trip import round_trip_within_35_ms

HSM = target("hsm-1", Role.KEY_MANAGER)
PROXY, NODE = target("proxy"), target("nlb-a", Role.NODE)


@pytest.mark.parametrize(
    ("median_s", "half_width_s", "outcome"),
    [
        (0.0344, 0.0005, Outcome.MET),
        (0.0356, 0.0005, Outcome.VIOLATED),
        (0.0344, 0.0006001, Outcome.UNKNOWN),
        (0.0356, 0.0006001, Outcome.UNKNOWN),
        (0.035, 0.0, Outcome.UNKNOWN),
    ],
    ids=["34.4 ms", "35.6 ms", "34.4 ms, wide interval", "35.6 ms, wide interval", "exactly the limit"],
)
def test_the_median_decides_if_its_interval_excludes_the_limit(
    median_s: float, half_width_s: float, outcome: Outcome
) -> None:
    measured = evidence(also=(HSM,), windows=(window("hsm-1", median_s, half_width_s=half_width_s),))
    assert only(round_trip_within_35_ms, measured).outcome is outcome


@pytest.mark.parametrize(
    ("samples", "outcome"), [(19, Outcome.UNKNOWN), (20, Outcome.MET), (21, Outcome.MET)]
)
def test_at_least_twenty_round_trips_are_needed(samples: int, outcome: Outcome) -> None:
    measured = evidence(also=(HSM,), windows=(window("hsm-1", 0.01, samples=samples),))
    assert only(round_trip_within_35_ms, measured).outcome is outcome


def test_p95_is_shown_and_never_decides() -> None:
    finding = only(round_trip_within_35_ms, evidence(also=(HSM,), windows=(window("hsm-1", 0.01),)))
    assert finding.outcome is Outcome.MET
    assert "p95 200.0 ms" in finding.because


def test_a_near_proxy_does_not_decide_about_the_key_manager_behind_it() -> None:
    finding = only(round_trip_within_35_ms, evidence(also=(PROXY,), windows=(window("proxy", 0.004),)))
    assert (finding.outcome, finding.because) == (
        Outcome.UNKNOWN,
        "proxy 4.0 ms, key manager behind it not measured",
    )


def test_a_proxy_beyond_the_limit_is_violated_without_a_key_manager() -> None:
    finding = only(round_trip_within_35_ms, evidence(also=(PROXY,), windows=(window("proxy", 0.0356),)))
    assert finding.outcome is Outcome.VIOLATED
    assert "can only be further away" in finding.because


def test_if_the_key_manager_does_not_answer_the_nodes_are_reported() -> None:
    lost = Window(target="hsm-1", method="tcp", span_s=600.0, summary=Summary(lost=40))
    findings = by_subject(
        round_trip_within_35_ms, evidence(also=(HSM, NODE), windows=(lost, window("nlb-a", 0.002)))
    )
    assert {name: each.outcome for name, each in findings.items()} == {
        "hsm-1": Outcome.UNKNOWN,
        "nlb-a": Outcome.UNKNOWN,
    }


def test_if_the_key_manager_was_measured_only_it_is_reported() -> None:
    windows = (window("hsm-1", 0.01), window("proxy", 0.05))
    assert set(by_subject(round_trip_within_35_ms, evidence(also=(HSM, PROXY), windows=windows))) == {"hsm-1"}


def test_icmp_round_trips_are_ignored() -> None:
    echoes = replace(window("hsm-1", 0.01), method="icmp")
    assert only(round_trip_within_35_ms, evidence(also=(HSM,), windows=(echoes,))).outcome is Outcome.UNKNOWN


def test_of_several_windows_the_one_of_ten_minutes_is_used() -> None:
    short = replace(window("hsm-1", 0.05), span_s=60.0)
    day = replace(window("hsm-1", 0.05), span_s=86400.0)
    windows = (short, window("hsm-1", 0.01), day)
    assert only(round_trip_within_35_ms, evidence(also=(HSM,), windows=windows)).outcome is Outcome.MET


def test_nothing_measured_is_unknown() -> None:
    assert only(round_trip_within_35_ms, evidence(also=(PROXY,))).outcome is Outcome.UNKNOWN
    assert only(round_trip_within_35_ms, evidence()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("windows", "outcome"),
    [
        ((), Outcome.UNKNOWN),
        ((window("hsm-1", 0.01, samples=19),), Outcome.UNKNOWN),
        ((window("hsm-1", 0.01),), Outcome.MET),
        ((window("hsm-1", 0.05),), Outcome.VIOLATED),
    ],
    ids=["not measured", "undecided", "below the limit", "above the limit"],
)
def test_a_finding_is_about_the_key_manager(windows: tuple[Window, ...], outcome: Outcome) -> None:
    found = by_subject(round_trip_within_35_ms, evidence(also=(HSM,), windows=windows))
    assert {subject: each.outcome for subject, each in found.items()} == {"hsm-1": outcome}


@pytest.mark.parametrize(("samples", "is_reported"), [(19, True), (20, False)])
def test_too_few_round_trips_are_reported_with_the_number_needed(samples: int, *, is_reported: bool) -> None:
    finding = only(
        round_trip_within_35_ms, evidence(also=(HSM,), windows=(window("hsm-1", 0.0123, samples=samples),))
    )
    assert ("20 are needed" in finding.because) is is_reported
    assert f"median 12.3 ms of {samples} TCP round trips" in finding.because


def test_without_a_confidence_interval_the_round_trip_is_unknown() -> None:
    bare = replace(window("hsm-1", 0.01), summary=Summary(samples=40, median_s=0.01))
    assert only(round_trip_within_35_ms, evidence(also=(HSM,), windows=(bare,))).outcome is Outcome.UNKNOWN


BACKEND = target("proxy-1", Role.BACKEND)


@pytest.mark.parametrize(
    ("targets", "subjects"),
    [
        ((NODE,), {"nlb-a"}),
        ((PROXY,), {"proxy"}),
        ((NODE, PROXY, BACKEND), {"nlb-a", "proxy"}),
        ((BACKEND,), {"proxy-1"}),
        ((), {"key store"}),
    ],
    ids=["a node", "the proxy's name", "not the backends behind them", "backends only", "nothing"],
)
@pytest.mark.parametrize(
    ("median_s", "samples", "outcome"),
    [
        (None, 0, Outcome.UNKNOWN),
        (0.05, 19, Outcome.UNKNOWN),
        (0.035, 40, Outcome.UNKNOWN),
        (0.05, 40, Outcome.VIOLATED),
    ],
    ids=["not measured", "too few", "at the limit", "above the limit"],
)
def test_without_a_key_manager_each_entry_point_has_a_finding(
    targets: tuple[Target, ...], subjects: set[str], median_s: float | None, samples: int, outcome: Outcome
) -> None:
    windows = tuple(window(each.name, median_s, samples=samples) for each in targets if median_s)
    found = by_subject(round_trip_within_35_ms, evidence(also=targets, windows=windows))
    assert set(found) == subjects
    assert {each.outcome for each in found.values()} == {outcome if targets else Outcome.UNKNOWN}

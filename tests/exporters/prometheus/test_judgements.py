"""Conversion of reports and surveys to rows."""

import pytest
from support.reports.exporter_inputs import NOW_S, predicted, region, report, survey, target, tcp, verdict

from exporters.prometheus.judgements import (
    MAX_SUBJECTS,
    decided_rows,
    extra_authorities,
    outcome_rows,
    prediction_rows,
    recommended_rows,
    survey_rows,
    within_rows,
)
from exporters.prometheus.kms_errors import KMS_ERRORS
from probe.model.targets import Role
from probe.model.verdicts import Likelihood, Outcome
from probe.survey.rank import rank

TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"


def test_each_subject_has_every_outcome_and_exactly_one_is_1() -> None:
    rows = outcome_rows([report(verdict("a", Outcome.VIOLATED))])
    assert len(rows) == len(Outcome)
    assert [key for key, value in rows.items() if value] == [("cks-1", "a", "node-1", "violated")]


def test_the_worse_of_two_verdicts_on_a_subject_counts() -> None:
    rows = outcome_rows([report(verdict("a", Outcome.VIOLATED), verdict("a", Outcome.MET))])
    assert rows["cks-1", "a", "node-1", "violated"] == 1.0
    assert rows["cks-1", "a", "node-1", "met"] == 0.0


def test_with_more_than_sixty_four_subjects_the_worst_are_kept() -> None:
    fine = [verdict("a", Outcome.MET, f"fine-{n}") for n in range(MAX_SUBJECTS)]
    rows = outcome_rows([report(*fine, verdict("a", Outcome.VIOLATED, "broken"))])
    assert len({subject for _, _, subject, _ in rows}) == MAX_SUBJECTS
    assert rows["cks-1", "a", "broken", "violated"] == 1.0


def test_sixty_four_subjects_are_all_kept() -> None:
    rows = outcome_rows([report(*[verdict("a", Outcome.MET, f"{n}") for n in range(MAX_SUBJECTS)])])
    assert len(rows) == MAX_SUBJECTS * len(Outcome)


def test_every_error_name_is_initialised_to_zero() -> None:
    rows = prediction_rows(["cks-1"], ())
    assert len(rows) == sum(map(len, KMS_ERRORS.values())) * len(Likelihood)
    assert not any(rows.values())
    assert set(decided_rows(["cks-1"], ()).values()) == {0.0}


def test_a_predicted_error_is_1_and_a_hidden_one_is_0() -> None:
    masked = predicted("XKS_PROXY_TIMED_OUT", masked_by="authority-is-trusted-by-kms")
    rows = prediction_rows(["cks-1"], [report(errors=(predicted(), masked))])
    assert [key for key, value in rows.items() if value] == [("cks-1", "connect", TLS, "expected")]


def test_an_error_predicted_twice_is_1_unless_both_are_hidden() -> None:
    rows = prediction_rows(["cks-1"], [report(errors=(predicted(), predicted(masked_by="x")))])
    assert rows["cks-1", "connect", TLS, "expected"] == 1.0


def test_decided_is_per_operation() -> None:
    rows = decided_rows(["cks-1"], [report(decided=True)])
    assert rows["cks-1", "connect"] == 1.0
    assert rows["cks-1", "create"] == 0.0


def test_statistics_with_too_few_samples_and_undecided_regions_are_absent() -> None:
    near, undecided, gone = region("a", within_threshold=True), region("b"), region("c", None, None)
    far = region("d", 0.1, 3, within_threshold=False)
    shown = survey(near, undecided, gone, far)
    assert within_rows(shown) == {("a",): 1.0, ("d",): 0.0}
    assert survey_rows(survey(near, gone)) == {("a", "min"): 0.004, ("a", "median"): 0.004}


@pytest.mark.parametrize("recommended", ["b", None])
def test_every_candidate_is_recommended_or_not_as_the_survey_says(recommended: str | None) -> None:
    candidates = (
        region("a", within_threshold=False),
        region("b", within_threshold=True),
        region("c", None, None),
    )
    shown = survey(*candidates, recommended=recommended)
    rows = recommended_rows(shown)
    assert rows == {("a",): 0.0, ("b",): float(recommended == "b"), ("c",): 0.0}


@pytest.mark.parametrize(("milan_s", "nearest"), [(0.034, "eu-south-1"), (0.036, "eu-west-3")])
def test_the_recommended_region_is_the_one_of_the_survey_command(milan_s: float, nearest: str) -> None:
    """Paris is always within the limit of 35 ms, but farther than Milan if Milan is within it, too."""
    rtts_s = {"eu-south-1": milan_s, "eu-west-3": 0.0345}
    candidates = {name: target(name, role=Role.REGION, host=name, region=name) for name in rtts_s}
    samples = {each.identity: [tcp(each, rtts_s[name])] * 20 for name, each in candidates.items()}
    ranked = rank(tuple(candidates.values()), samples, 0.035, NOW_S, "", complete=True)
    rows = recommended_rows(ranked)
    assert ranked.recommended == nearest
    assert rows == {(name,): float(name == nearest) for name in rtts_s}


def test_two_key_stores_do_not_share_their_subjects_or_errors() -> None:
    many = [verdict("a", Outcome.MET, f"{n}") for n in range(MAX_SUBJECTS + 1)]
    reports = (report(*many, errors=(predicted(),)), report(*many, key_store="cks-2", decided=False))
    rows = outcome_rows(reports)
    for key_store in ("cks-1", "cks-2"):
        assert len({subject for store, _, subject, _ in rows if store == key_store}) == MAX_SUBJECTS
    predictions = prediction_rows(["cks-1", "cks-2"], reports)
    assert predictions["cks-1", "connect", TLS, "expected"] == 1.0
    assert predictions["cks-2", "connect", TLS, "expected"] == 0.0
    decided = decided_rows(["cks-1", "cks-2"], reports)
    assert (decided["cks-1", "connect"], decided["cks-2", "connect"]) == (1.0, 0.0)


def test_an_extra_ca_in_two_reports_counts_once() -> None:
    reports = (report(extra_authorities=("x",)), report(key_store="cks-2", extra_authorities=("x", "y")))
    assert extra_authorities(reports) == 2
    assert extra_authorities((report(),)) == 0
    assert extra_authorities(()) is None

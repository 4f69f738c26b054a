"""Which reports are stored: those whose outcomes, levels or predictions differ from the last stored one."""

import json
from typing import Any

from support.reports.exporter_inputs import HOSTILE, NOW_S, predicted, report, verdict

from probe.model.verdicts import Level, Outcome, Report
from probe.storage.report_changes import MAX_CHANGES, changes, prediction, stored

MET, VIOLATED = verdict(), verdict(outcome=Outcome.VIOLATED)
UNKNOWN = verdict(outcome=Outcome.UNKNOWN)
KEY = (MET.requirement, MET.subject)


def difference(before: Report, after: Report) -> Any:
    text = changes(after, stored(before, {}), prediction(before))
    return None if text is None else json.loads(text)


def test_the_first_report_is_stored_whole() -> None:
    document = json.loads(changes(report(MET, errors=(predicted(),)), {}, "") or "")
    assert [each["outcome"] for each in document["verdicts"]] == ["met"]
    assert document["prediction"]["connect"]["errors"][0][:2] == [
        "XKS_PROXY_INVALID_TLS_CONFIGURATION",
        "expected",
    ]


def test_a_report_that_differs_only_in_the_wording_of_a_reason_is_not_stored() -> None:
    assert difference(report(MET), report(verdict(because="median 3.4 ms"))) is None


def test_a_changed_outcome_or_level_is_stored_with_its_reason() -> None:
    assert difference(report(MET), report(VIOLATED))["verdicts"] == [
        {
            "requirement": KEY[0],
            "subject": KEY[1],
            "outcome": "violated",
            "level": "required",
            "because": "as seen",
        }
    ]
    assert difference(report(MET), report(verdict(level=Level.RISK)))["verdicts"][0]["level"] == "risk"


def test_a_verdict_that_is_gone_is_named() -> None:
    assert difference(report(MET), report())["gone"] == [list(KEY)]


def test_a_changed_prediction_is_stored() -> None:
    assert difference(report(), report(decided=False))["prediction"]["connect"]["decided"] is False


def test_all_text_is_cleaned_before_it_is_stored() -> None:
    hostile = verdict(requirement="a", subject=HOSTILE, because=HOSTILE)
    text = changes(report(hostile, errors=(predicted(HOSTILE),)), {}, "")
    assert text is not None
    assert text.isprintable()


def test_at_most_500_changes_are_stored_and_the_rest_is_counted() -> None:
    many = [verdict(subject=f"node-{number}") for number in range(MAX_CHANGES + 1)]
    document = difference(report(), report(*many))
    assert (len(document["verdicts"]), document["more"]) == (MAX_CHANGES, 1)
    assert difference(report(), report(*many[:-1]))["more"] == 0


def test_a_state_lasts_through_a_time_in_which_it_was_unknown() -> None:
    known = stored(report(VIOLATED), {})
    for seconds, each in ((10, UNKNOWN), (20, VIOLATED)):
        known = stored(report(each, taken_at_s=NOW_S + seconds), known)
    assert (known[KEY].outcome, known[KEY].since_s) == (Outcome.VIOLATED, NOW_S)
    known = stored(report(MET, taken_at_s=NOW_S + 30), known)
    assert (known[KEY].held, known[KEY].since_s) == (Outcome.MET, NOW_S + 30)


def test_a_verdict_that_was_unknown_from_the_start_begins_with_its_first_other_outcome() -> None:
    known = stored(report(MET, taken_at_s=NOW_S + 10), stored(report(UNKNOWN), {}))
    assert (known[KEY].held, known[KEY].since_s) == (Outcome.MET, NOW_S + 10)

"""The answer of a report for a terminal."""

from support.reports.exporter_inputs import predicted, report, verdict

from exporters.report import conclusion
from probe.model.verdicts import Outcome


def test_the_sentence_has_a_sign_and_the_counts_follow() -> None:
    failing = report(verdict("a", Outcome.VIOLATED), verdict("b"), errors=(predicted(),))
    assert conclusion.render(failing).plain == (
        "✗ KMS would return an error.\n  1 requirement violated (1 finding), 0 unknown, 1 met"
    )

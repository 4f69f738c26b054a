"""Verdicts in text reports."""

from dataclasses import replace

import pytest
from rich.console import Console, RenderableType
from support.reports.examples import HOSTILE, name_verdict, verdicts

from exporters.report import findings
from exporters.report.grouping import Finding, group
from probe.model.verdicts import Outcome, Remedy


def shown(renderable: RenderableType | None, width: int = 200) -> str:
    console = Console(width=width, markup=False, no_color=True)
    with console.capture() as captured:
        console.print(renderable, crop=False)
    return captured.get()


def test_required_comes_before_risk_and_risk_before_advice() -> None:
    order = [finding.verdict.requirement for finding in group(verdicts()) if is_wrong(finding)]
    assert order == [
        "common-name-matches",
        "every-node-accepts-tcp-443",
        "certificate-expires-in-10-days-or-more",
    ]


def is_wrong(finding: Finding) -> bool:
    return finding.verdict.outcome is Outcome.VIOLATED


def test_different_reasons_of_a_requirement_are_lines_that_name_their_subjects() -> None:
    text = shown(findings.wrong([name_verdict("a"), replace(name_verdict("b"), because="another reason")]))
    assert text.count("common-name-matches") == 1
    assert "because b: another reason" in text
    assert "because a: " in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_command_and_an_address_are_one_line_however_narrow_the_terminal(width: int) -> None:
    long = "aws ec2 describe-vpc-endpoint-service-configurations --service-ids vpce-svc-0123456789abcdef0"
    remedy = Remedy(text="Look at the service.", cli=long)
    source = "https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html"
    text = shown(findings.wrong([replace(name_verdict(), remedy=remedy, source=source)]), width)
    assert f"   command {long}" in text.splitlines()
    assert f"   source  {source}" in text.splitlines()


def test_a_finding_shows_the_reason_the_kms_error_and_the_fix() -> None:
    text = shown(findings.wrong([name_verdict()]))
    assert "wrong.example.com" in text
    assert "XKS_PROXY_INVALID_TLS_CONFIGURATION expected from ConnectCustomKeyStore" in text
    assert "Install a certificate whose subject common name" in text
    assert "openssl s_client" in text


def test_untrusted_markup_and_escape_sequences_are_shown_as_text() -> None:
    text = shown(findings.wrong([replace(name_verdict(), because=HOSTILE)]))
    assert "[bold]x[/bold]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_an_unknown_requirement_is_never_listed_as_met() -> None:
    text = shown(findings.fine(verdicts()))
    assert "round-trip-within-35-ms" not in text
    assert "chain-is-complete" in text


def test_what_is_met_only_with_an_extra_ca_is_marked() -> None:
    met = replace(name_verdict(), outcome=Outcome.MET, kms_errors=())
    lenient = replace(met, requirement="authority-is-trusted-by-kms", rests_on_extra_authority=True)
    assert findings.met([met, lenient, replace(lenient, rests_on_extra_authority=False)]) == [
        "common-name-matches",
        "authority-is-trusted-by-kms (only with an extra CA)",
    ]


def test_what_is_met_only_because_kms_was_seen_to_accept_it_is_marked() -> None:
    met = replace(name_verdict(), outcome=Outcome.MET, kms_errors=(), is_inferred=True)
    assert findings.met([met]) == ["common-name-matches (inferred: KMS was seen to accept the certificate)"]


def test_a_requirement_met_by_one_subject_and_violated_by_another_is_not_listed_as_met() -> None:
    met = replace(name_verdict("b"), outcome=Outcome.MET, kms_errors=())
    assert findings.fine([name_verdict("a"), met]) is None


def test_without_violated_or_unknown_requirements_there_are_no_sections() -> None:
    assert findings.wrong([]) is None
    assert findings.unknown([]) is None
    assert findings.possible([]) is None


def test_met_requirements_with_a_possible_error_have_their_own_section() -> None:
    close = replace(name_verdict(), outcome=Outcome.MET)
    assert "close to a limit" in shown(findings.possible([close]))


def test_a_long_list_of_findings_is_cut_with_a_notice() -> None:
    flood = [replace(name_verdict(), requirement=f"r-{n}") for n in range(findings.MAX_SHOWN + 2)]
    assert "and 2 more; use --format json" in shown(findings.wrong(flood))


def test_requirements_unknown_for_the_same_reason_are_one_entry() -> None:
    silent = [
        replace(name_verdict("n1"), requirement=f"r-{n}", outcome=Outcome.UNKNOWN, because="no handshake")
        for n in range(3)
    ]
    text = shown(findings.unknown(silent))
    assert "Unknown: 3 requirements (3 findings); unknown does not mean OK" in text
    assert text.count("no handshake") == 1
    assert "r-0, r-1, r-2" in text

"""JUnit: results for CI pipelines, and valid XML for any verdict text."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.report import junit
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Remedy,
    Verdict,
)

ERROR = KmsError(
    operation=Operation.CONNECT, error="XKS_X", likelihood=Likelihood.EXPECTED, basis=Basis.INFERRED
)


def verdict(
    outcome: Outcome, level: Level = Level.REQUIRED, because: str = "so", subject: str = "node"
) -> Verdict:
    return Verdict(
        requirement="a-requirement",
        level=level,
        step=KmsStep.TLS,
        subject=subject,
        outcome=outcome,
        because=because,
        kms_errors=(ERROR,),
        remedy=Remedy(text="Fix it."),
    )


@pytest.mark.parametrize(
    ("one", "strict", "tag"),
    [
        (verdict(Outcome.MET), False, None),
        (verdict(Outcome.VIOLATED), False, "failure"),
        (verdict(Outcome.VIOLATED, Level.RISK), False, "failure"),
        (verdict(Outcome.VIOLATED, Level.ADVICE), False, None),
        (verdict(Outcome.VIOLATED, Level.ADVICE), True, "failure"),
        (verdict(Outcome.UNKNOWN), False, "skipped"),
        (verdict(Outcome.NOT_APPLICABLE), False, "skipped"),
    ],
)
def test_an_outcome_is_a_result(one: Verdict, *, strict: bool, tag: str | None) -> None:
    root = ET.fromstring(junit.text([one], suite="preflight", strict=strict))  # noqa: S314 -- generated
    (case,) = root.iter("testcase")
    assert case.attrib == {"classname": "a-requirement", "name": "node"}
    assert (case.find("failure") is not None) is (tag == "failure")
    assert (case.find("skipped") is not None) is (tag == "skipped")
    assert root.attrib["failures"] == str(int(tag == "failure"))


def test_a_failure_has_the_reason_the_kms_error_and_the_fix() -> None:
    root = ET.fromstring(junit.text([verdict(Outcome.VIOLATED)], suite="x"))  # noqa: S314
    (failure,) = root.iter("failure")
    assert failure.text == "so\nKMS: XKS_X\nFix it."


@given(st.text(max_size=50), st.text(max_size=50))
def test_any_text_gives_valid_xml(because: str, subject: str) -> None:
    for outcome in Outcome:
        document = junit.text([verdict(outcome, because=because, subject=subject)], suite=subject)
        ET.fromstring(document)  # noqa: S314


@pytest.mark.parametrize(
    "hostile", ["\x1b[31m", "]]><script>", "\x00\ud800\ufffe", "<![CDATA[", "x" * 70_000]
)
def test_hostile_text_stays_text(hostile: str) -> None:
    document = junit.text([verdict(Outcome.VIOLATED, because=hostile)], suite="x")
    assert "\x1b" not in document
    assert "<script>" not in document
    assert len(document) < 10_000
    ET.fromstring(document)  # noqa: S314


def test_what_is_met_only_with_an_extra_ca_is_skipped() -> None:
    """A pipeline must not pass a key store that KMS refuses."""
    lenient = replace(verdict(Outcome.MET, because="CN=Lab"), rests_on_extra_authority=True)
    root = ET.fromstring(junit.text([lenient], suite="preflight"))  # noqa: S314 -- generated
    assert root.get("skipped") == "1"
    skipped = root.find(".//skipped")
    assert skipped is not None
    assert skipped.get("message") == "met only with an extra CA: CN=Lab"

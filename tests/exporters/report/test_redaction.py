"""`--redact`: which values become pseudonyms, and that equal values get equal pseudonyms."""

import json
import re
from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, SPEC, looked_at, node
from support.evidence import tcp, tls

from exporters.report import html, junit, markdown, preflight, redaction
from exporters.report.preflight import Preflight
from probe.model.targets import Role, Target
from probe.verdicts.judge import judge

REAL_COST = redaction._COST
KEY = "payroll-key-7"
TARGET = Target(name="192.168.1.5", role=Role.BACKEND, host="192.168.1.5")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap pseudonyms: the cost that prevents guessing would make these tests slow."""
    monkeypatch.setattr(redaction, "_COST", 2)


def test_guessing_a_pseudonym_is_expensive() -> None:
    assert REAL_COST >= 2**12


def example(**more: object) -> Preflight:
    spec = replace(SPEC, key_id=KEY, service_owner="444455556666")
    measurements = (tcp(TARGET), tls(node("eu-west-1a")))
    evidence = looked_at(
        ACCOUNT, spec, targets=(TARGET, node("eu-west-1a")), latest=measurements, recent=measurements
    )
    of = Preflight(
        report=judge(evidence), evidence=evidence, vantage="ip-10-0-1-5 i-1 vpc-1", version="1.2.3"
    )
    return replace(of, **more)


def everything(of: Preflight) -> str:
    return "\n".join(
        (
            json.dumps(preflight.document(of)),
            markdown.text(of),
            html.text(of),
            junit.text(of.report.verdicts, suite="x", properties={"head": " ".join(preflight.facts(of))}),
        )
    )


def redacted_text(text: str) -> str:
    """The text as it appears in a redacted report."""
    return redaction.redacted(example(vantage=text)).vantage


def test_no_format_contains_an_account_a_private_address_or_a_key_id() -> None:
    plain, redacted = everything(example()), everything(redaction.redacted(example()))
    for secret in ("192.168.1.5", "10.0.1.10", "ip-10-0-1-5"):
        assert secret in plain
        assert secret not in redacted
    assert not re.search(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])", redacted)
    assert KEY not in redacted
    assert "pseudonyms" in redacted


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "100.64.0.1", "169.254.1.1",
        "111122223333", "arn:aws:iam::111122223333:root", "AKIAIOSFODNN7EXAMPLE", KEY,
        "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab",
    ],
)  # fmt: skip
def test_sensitive_values_get_a_pseudonym(text: str) -> None:
    redacted = redacted_text(f"a {text}, b")
    assert text not in redacted
    assert re.search(r"(account|address|key)-[0-9a-f]{8}", redacted)


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8", "172.32.0.1", "172.15.0.1", "100.63.0.1", "1.2.3", "10.0.0.1.2", "300.1.2.3", "10.0.0.256",
        "1111222233334", "11112222333", "vpce-svc-0123456789abcdef0", f"my-{KEY}x", "eu-west-1", "ip-300-1-2-3",
    ],
)  # fmt: skip
def test_other_values_stay_unchanged(text: str) -> None:
    assert redacted_text(f"a {text} b") == f"a {text} b"


def test_a_range_keeps_its_prefix_length_and_an_address_its_port() -> None:
    assert re.fullmatch(
        r"address-[0-9a-f]{8}/16 address-[0-9a-f]{8}:8443", redacted_text("10.0.0.0/16 10.0.0.1:8443")
    )


def test_a_value_has_the_same_pseudonym_in_all_reports_of_a_key_store() -> None:
    assert redacted_text("10.0.0.1 10.0.0.2 10.0.0.1").split()[::2] == [redacted_text("10.0.0.1")] * 2
    assert len(set(redacted_text("10.0.0.1 10.0.0.2").split())) == 2


def test_a_value_has_another_pseudonym_in_reports_of_another_key_store() -> None:
    of = example(vantage="10.0.0.1")
    other = replace(of, evidence=replace(of.evidence, spec=replace(SPEC, id="cks-2")))
    assert redaction.redacted(of).vantage != redaction.redacted(other).vantage


def test_an_earlier_report_without_redaction_is_compared_as_if_redacted() -> None:
    old = preflight.document(example())
    of = redaction.redacted(example(older=old))
    assert preflight.document(of)["changes"] == []


def test_verdicts_numbers_and_predictions_stay() -> None:
    of = example()
    redacted = redaction.redacted(of)
    assert [v.outcome for v in redacted.report.verdicts] == [v.outcome for v in of.report.verdicts]
    assert redacted.report.predictions == of.report.predictions
    assert redacted.evidence.latest[0].phases_s == of.evidence.latest[0].phases_s

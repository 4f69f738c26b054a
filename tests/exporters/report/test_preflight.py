"""The report of a preflight: its header, the state KMS reports, its JSON document."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.accounts.healthy import ACCOUNT, DENIED, SPEC, STORE, looked_at
from support.reports.schema_check import faults

from exporters.report import preflight
from exporters.report.preflight import Preflight
from probe.model.account import ApiErrorKind
from probe.model.evidence import Evidence
from probe.model.facts import CredentialFacts
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.targets import Role, Target
from probe.verdicts.judge import judge

KNOWN = looked_at(replace(ACCOUNT, key_stores=(STORE,)), replace(SPEC, id=STORE.id))


def shown(evidence: Evidence = KNOWN, **changes: object) -> Preflight:
    report = judge(evidence)
    of = Preflight(
        report=report, evidence=evidence, vantage="agent-1", version="1.2.3", configuration_hash="abc"
    )
    return replace(of, **changes)


def text(of: Preflight, width: int = 160) -> str:
    console = Console(width=width, markup=False, highlight=False, force_terminal=False)
    with console.capture() as captured:
        console.print(preflight.render(of), crop=False)
    return captured.get()


@pytest.mark.parametrize(
    "of",
    [
        shown(),
        shown(looked_at(None)),
        shown(looked_at(replace(ACCOUNT, service=DENIED, failed_calls=(DENIED,), endpoint_url="https://x"))),
        shown(clock_offset_s=-3.0),
    ],
)
def test_the_document_fulfils_the_schema(of: Preflight) -> None:
    assert faults(preflight.document(of), "preflight") == []


def test_the_header_shows_version_vantage_and_key_store() -> None:
    head = " ".join(text(shown(clock_offset_s=2.0)).splitlines()[:2])
    for part in ("1.2.3", "agent-1", "eu-west-1", STORE.id, "2022-11-10", "abc", "+2 s"):
        assert part in head


def test_a_credential_file_for_another_uri_path_is_noted() -> None:
    evidence = looked_at()
    assert evidence.spec is not None
    spec = replace(evidence.spec, uri_path="/kms/xks/v1")
    credential = CredentialFacts(uri_path_of_the_file="/other/kms/xks/v1")
    of = shown(replace(evidence, spec=spec, credential=credential))
    (note,) = (each for each in preflight.document(of)["notes"] if "/other/kms/xks/v1" in each)  # type: ignore[attr-defined]
    assert note in " ".join(text(of).split())


def test_a_custom_endpoint_is_shown_in_the_header() -> None:
    evidence = looked_at(replace(ACCOUNT, endpoint_url="https://vpce-1.ec2.eu-west-1.vpce.amazonaws.com"))
    assert "AWS API calls went to the custom endpoint https://vpce-1.ec2" in text(shown(evidence))


def test_failed_calls_are_in_the_header_even_if_they_affect_no_verdict() -> None:
    late = replace(DENIED, call="ec2:DescribeVpcs", cause=ApiErrorKind.TIMED_OUT)
    denied = (DENIED, replace(DENIED, call="sts:GetCallerIdentity\x1b"))
    words = " ".join(text(shown(looked_at(replace(ACCOUNT, calls=18, failed_calls=(*denied, late))))).split())
    assert (
        "! 3 of 18 AWS API calls failed: allow ec2:DescribeX, sts:GetCallerIdentity\\x1b (the policy" in words
    )
    assert "all that a preflight needs); ec2:DescribeVpcs" in words


def test_calls_that_failed_otherwise_need_no_permission() -> None:
    late = replace(DENIED, call="ec2:DescribeVpcs", cause=ApiErrorKind.TIMED_OUT)
    words = " ".join(text(shown(looked_at(replace(ACCOUNT, calls=18, failed_calls=(late,))))).split())
    assert "! 1 of 18 AWS API calls failed: ec2:DescribeVpcs" in words
    assert "allow ec2:DescribeVpcs" not in words


def test_the_state_reported_by_kms_is_compared_with_the_prediction() -> None:
    assert "KMS reports CONNECTED" in text(shown())
    failed = replace(STORE, connection_state="FAILED", connection_error_code="XKS_PROXY_TIMED_OUT\x1b")
    evidence = looked_at(replace(ACCOUNT, key_stores=(failed,)), replace(SPEC, id=STORE.id))
    assert "FAILED (XKS_PROXY_TIMED_OUT\\x1b)" in text(shown(evidence))


def test_what_is_wrong_comes_before_what_is_met() -> None:
    evidence = looked_at(replace(ACCOUNT, principals=()))
    words = " ".join(text(shown(evidence)).split())
    assert words.index("kms-is-an-allowed-principal") < words.index("Met: ")
    assert "aws ec2 modify-vpc-endpoint-service-permissions --region eu-west-1" in words
    assert "--add-allowed-principals cks.kms.eu-west-1.amazonaws.com" in words


@pytest.mark.parametrize("width", [50, 80, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert all(len(line) <= width for line in text(shown(), width).splitlines())


def test_answers_to_a_large_client_hello_are_in_text_and_document() -> None:
    node = Target(name="nlb-1", role=Role.NODE, host="10.0.1.10", key_store=STORE.id)
    hello = LargeClientHello(target=node, started_at_s=1.0, answer=HelloAnswer.RESET, sent_bytes=1470)
    of = shown(replace(KNOWN, large_client_hellos=(hello,)))

    assert "! connection reset, 1,470 bytes sent: nlb-1" in text(of)
    document = preflight.document(of)
    assert faults(document, "preflight") == []
    (found,) = document["large_client_hellos"]  # type: ignore[misc]
    assert (found["target"], found["answer"]) == ("nlb-1", "reset")

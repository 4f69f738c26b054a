"""A preflight as Markdown: complete, and safe against untrusted text."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, NODES, SPEC, STORE, looked_at, node
from support.evidence import tcp, tls

from exporters.report import large_client_hello, markdown
from exporters.report.preflight import Preflight
from probe.model.evidence import Evidence
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.verdicts.judge import judge

A = node(next(iter(NODES)))


def shown(evidence: Evidence) -> str:
    of = Preflight(report=judge(evidence), evidence=evidence, vantage="agent-1", version="1.2.3")
    return markdown.text(of)


def test_the_page_shows_the_kms_errors_what_is_wrong_and_what_is_met() -> None:
    text = shown(looked_at(replace(ACCOUNT, principals=()), targets=(A,), latest=(tcp(A), tls(A))))
    assert text.startswith("# Preflight of myproxy-private.xks.example.com\n")
    assert (
        "| CreateCustomKeyStore | `XksProxyVpcEndpointServiceNotFoundException`"
        " (expected; violated: kms-is-an-allowed-principal; documented) |" in text
    )
    # AWS's pages disagree about ConnectCustomKeyStore, so both names are shown
    assert (
        "`XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND` or `XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION`"
        " (expected; AWS documentation is inconsistent)" in text
    )
    assert "- **kms-is-an-allowed-principal** (vpce-svc-" in text
    assert "`aws ec2 modify-vpc-endpoint-service-permissions" in text
    assert "| node | xks-eu-west-1a |" in text
    assert text.index("What is wrong: ") < text.index("## Unknown: ") < text.index("## Met: ")


def test_the_header_shows_the_vantage_the_configuration_and_the_warnings() -> None:
    evidence = looked_at(
        replace(ACCOUNT, endpoint_url="https://x.example", collected_at="2026-11-24T12:00:00Z")
    )
    of = Preflight(
        report=judge(evidence), evidence=evidence, vantage="agent 1", version="1", configuration_hash="abc"
    )
    text = markdown.text(of).replace("\\", "")
    for part in ("agent 1", "configuration abc", "2022-11-10", "https://x.example", "2026-11-24T12:00:00Z"):
        assert part in text


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[31m", "<script>alert(1)</script>", "| a |\n# b", "[x](javascript:y)", "`" * 9, "x" * 70_000],
)
def test_hostile_text_stays_text(hostile: str) -> None:
    service = replace(ACCOUNT.service, private_dns_name=hostile)  # type: ignore[type-var]
    account = replace(ACCOUNT, service=service, key_stores=(replace(STORE, name=hostile),))
    text = shown(looked_at(account, replace(SPEC, uri_path=hostile, uri_endpoint=f"https://{hostile}")))
    assert "\x1b" not in text
    assert "<script>" not in text
    assert "x](javascript" not in text
    assert "\n# b" not in text
    assert len(text) < 100_000


@pytest.mark.parametrize(
    ("line", "span"), [("ls", "`ls`"), ("a `b` c", "`` a `b` c ``"), ("a ``b", "``` a ``b ```")]
)
def test_text_in_a_line_cannot_close_a_code_span(line: str, span: str) -> None:
    assert markdown._code(line) == span


def test_answers_to_a_large_client_hello_have_their_own_section() -> None:
    evidence = looked_at(ACCOUNT, targets=(A,), latest=(tcp(A), tls(A)))
    hello = LargeClientHello(target=A, started_at_s=1.0, answer=HelloAnswer.SERVER_HELLO, sent_bytes=1470)
    text = shown(replace(evidence, large_client_hellos=(hello,))).replace("\\", "")
    assert f"## {large_client_hello.TITLE}\n\n- ✓ answered, 1,470 bytes sent: {A.name}\n" in text
    assert large_client_hello.TITLE not in shown(evidence)

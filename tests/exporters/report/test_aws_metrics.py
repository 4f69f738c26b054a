"""What AWS measured itself, in words and in JSON: unknown values are left out, never shown as 0."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console
from support.accounts.healthy import DENIED
from support.reports.examples import HOSTILE
from support.reports.exporter_inputs import NOW_S, report
from support.reports.schema_check import faults

from exporters.report import aws_metrics, html, markdown, preflight
from exporters.report.aws_metrics import KMS, PRIVATELINK
from exporters.report.preflight import Preflight
from probe.model.account import Unavailable
from probe.model.aws_metrics import (
    OTHER_EXCEPTION,
    PROXY_EXCEPTIONS,
    AwsMetrics,
    CertificateDays,
    KeyManagerStates,
    ProxyLatency,
    ProxyRequests,
    ServiceConnections,
)
from probe.model.evidence import Evidence
from probe.model.verdicts import ReportedState

NO_ERRORS = dict.fromkeys((*PROXY_EXCEPTIONS, OTHER_EXCEPTION), 0)
CONNECTED = ReportedState(
    connection_state="CONNECTED", connection_error_code=None, agrees=True, because="no error is expected"
)
ALL = AwsMetrics(
    latency=ProxyLatency(period_start_s=NOW_S, average_s=0.02, maximum_s=0.25, p99_s=0.1),
    requests=ProxyRequests(
        period_start_s=NOW_S,
        count=1308,
        errors=NO_ERRORS | {"ThrottlingException": 6, OTHER_EXCEPTION: 2},
    ),
    certificates=(CertificateDays(period_start_s=NOW_S, common_name="proxy.example.com", days=29.4),),
    key_managers=KeyManagerStates(period_start_s=NOW_S, active=2, unavailable=1),
    connections=ServiceConnections(period_start_s=NOW_S, active=7, new=1400, resets=0),
)


def rows(
    metrics: AwsMetrics | Unavailable | None, actual: ReportedState | None = None
) -> list[tuple[str, str]]:
    return list(aws_metrics.rows(report(aws_metrics=metrics, actual=actual)))


def test_every_known_value_is_shown_with_its_time() -> None:
    assert rows(ALL) == [
        (
            KMS,
            (
                "the proxy's latency was average 20.0 ms, maximum 250.0 ms, p99 100.0 ms (5 minutes from "
                "2027-01-15 08:00:00Z)"
            ),
        ),
        (
            KMS,
            "1,308 requests in the hour until 2027-01-15 08:05:00Z, 8 failed: ThrottlingException 6, other 2",
        ),
        (KMS, "saw a certificate proxy.example.com with 29 days left"),
        (KMS, "key managers, as the proxy reports them: 2 active, 1 unavailable"),
        (
            PRIVATELINK,
            (
                "active connections 7, new connections in an hour 1,400, RST packets in an hour 0 "
                "(all consumers of the endpoint service)"
            ),
        ),
    ]


def test_requests_without_a_failure_are_shown_as_such() -> None:
    found = rows(AwsMetrics(requests=ProxyRequests(period_start_s=NOW_S, count=5, errors=NO_ERRORS)))
    assert found == [(KMS, "5 requests in the hour until 2027-01-15 08:05:00Z, none failed")]


@pytest.mark.parametrize(
    "empty",
    [
        AwsMetrics(),
        AwsMetrics(latency=ProxyLatency(period_start_s=NOW_S)),
        AwsMetrics(key_managers=KeyManagerStates(period_start_s=NOW_S)),
        AwsMetrics(connections=ServiceConnections(period_start_s=NOW_S)),
    ],
)
def test_without_data_only_an_existing_key_store_has_a_row(empty: AwsMetrics) -> None:
    assert rows(empty) == []
    assert rows(empty, CONNECTED) == [(KMS, "no data in CloudWatch for the last hour")]


def test_denied_metrics_are_unknown_with_what_to_allow() -> None:
    assert rows(DENIED) == [(KMS, "unknown: not allowed: allow ec2:DescribeX")]
    assert rows(None, CONNECTED) == []


def test_text_from_aws_is_clean() -> None:
    hostile = AwsMetrics(
        certificates=(CertificateDays(period_start_s=NOW_S, common_name=HOSTILE * 1000, days=1.0),)
    )
    (words,) = (words for _, words in rows(hostile))
    assert "\x1b" not in words
    assert len(words) < 300
    assert "\x1b" not in rows(replace(DENIED, because=HOSTILE))[0][1]


@pytest.mark.parametrize(
    ("agrees", "sign"), [(True, "✓"), (False, "✗"), (None, "?")], ids=["agrees", "differs", "unknown"]
)
def test_the_reported_state_says_whether_the_prediction_agrees(agrees: bool | None, sign: str) -> None:
    failed = ReportedState(
        connection_state="FAILED",
        connection_error_code="XKS_PROXY_TIMED_OUT",
        agrees=agrees,
        because="it was predicted",
    )
    assert aws_metrics.reported(failed) == ("FAILED (XKS_PROXY_TIMED_OUT)", sign, "it was predicted")


def shown(metrics: AwsMetrics | Unavailable | None) -> Preflight:
    return Preflight(
        report=report(aws_metrics=metrics, actual=CONNECTED),
        evidence=Evidence(taken_at_s=NOW_S),
        vantage="agent-1",
        version="1.2.3",
    )


@pytest.mark.parametrize("metrics", [ALL, AwsMetrics(), DENIED, None])
def test_the_document_fulfils_the_schema(metrics: AwsMetrics | Unavailable | None) -> None:
    assert faults(preflight.document(shown(metrics)), "preflight") == []


def test_the_document_has_every_value_and_null_for_unknown_ones() -> None:
    found = aws_metrics.document(ALL)
    assert found is not None
    assert found["unavailable"] is None
    assert found["latency"] == {
        "period_start": "2027-01-15T08:00:00.000000Z",
        "average_seconds": 0.02,
        "maximum_seconds": 0.25,
        "p99_seconds": 0.1,
    }
    assert found["privatelink"] == {
        "period_start": "2027-01-15T08:00:00.000000Z",
        "endpoints": None,
        "active_connections": 7,
        "new_connections": 1400,
        "resets_sent": 0,
    }
    assert aws_metrics.document(None) is None
    denied = aws_metrics.document(DENIED)
    assert denied is not None
    assert denied["unavailable"] == "not allowed: allow ec2:DescribeX"


def test_the_text_of_a_preflight_shows_it_beside_the_prediction() -> None:
    console = Console(width=160, markup=False, highlight=False, force_terminal=False)
    with console.capture() as captured:
        console.print(preflight.render(shown(ALL)), crop=False)
    lines = captured.get().splitlines()
    at = next(n for n, line in enumerate(lines) if "KMS reports CONNECTED ✓" in line)
    assert lines[at + 1].startswith("  KMS itself: the proxy's latency was average 20.0 ms")


@pytest.mark.parametrize("written", [markdown.text, html.text], ids=["Markdown", "HTML"])
def test_each_format_has_the_state_with_its_error_and_whether_it_was_predicted(
    written: Callable[[Preflight], str],
) -> None:
    failed = ReportedState(
        connection_state="FAILED", connection_error_code="INVALID_CREDENTIALS", agrees=False, because="why"
    )
    of = shown(ALL)
    text = (
        written(replace(of, report=replace(of.report, actual=failed))).replace("<wbr>", "").replace("\\", "")
    )
    assert "FAILED (INVALID_CREDENTIALS)" in text
    assert "✗" in text
    assert "the proxy's latency was" in text.replace("&#39;", "'")

"""A preflight: what KMS would return, what is wrong and how to fix it, the measured path, what is met."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.headline import authorities, headline
from exporters.report import (
    aws_metrics,
    changes,
    conclusion,
    fields,
    findings,
    formatting,
    health,
    judged,
    large_client_hello,
    matrix,
    verdicts,
)
from probe.model.account import Account, ApiErrorKind, Unavailable
from probe.model.evidence import Evidence
from probe.model.text import clean
from probe.model.verdicts import Report, ReportedState

_MAX_CALLS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The content of the report. ``clock_offset_s``: the proxy's clock minus this machine's, if known."""

    report: Report
    evidence: Evidence
    vantage: str
    version: str
    configuration_hash: str = ""
    clock_offset_s: float | None = None
    older: Mapping[str, Any] | None = None  # an earlier document to compare with
    is_redacted: bool = False


def document(of: Preflight) -> dict[str, object]:
    """As in ``docs/schemas/preflight.json``."""
    report, evidence = of.report, of.evidence
    spec, account = evidence.spec, evidence.account
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "taken_at": fields.time(report.taken_at_s),
        "headline": headline(report, account).sentence,
        "version": of.version,
        "vantage": clean(of.vantage),
        "redacted": of.is_redacted,
        "configuration_hash": of.configuration_hash or None,
        "clock_offset_seconds": of.clock_offset_s,
        "region": clean(spec.region) if spec else None,
        "key_store": clean(report.key_store) or None,
        "endpoint_service": clean(spec.service_name or "") or None if spec else None,
        "uri_endpoint": clean(spec.uri_endpoint or "") or None if spec else None,
        "uri_path": clean(spec.uri_path or "") or None if spec else None,
        "authorities_as_of": report.authorities_as_of or None,
        "authorities_proposed": report.authorities_proposed or None,
        "extra_authorities": [clean(name) for name in report.extra_authorities],
        "notes": list(cautions(of)),
        "aws": _aws(account),
        "prediction": judged.predictions(report.predictions),
        "actual": judged.reported_state(report.actual),
        "aws_metrics": aws_metrics.document(report.aws_metrics),
        "verdicts": [judged.verdict(verdict) for verdict in report.verdicts],
        "matrix": [matrix.document(row) for row in matrix.rows(evidence, report.verdicts)],
        "large_client_hellos": [large_client_hello.document(each) for each in evidence.large_client_hellos],
        "summary": {outcome.value: count for outcome, count in report.counts().items()},
        "changes": changes.document(changes.between(of.older, report)) if of.older else None,
    }


def _aws(account: Account | None) -> fields.Fields | None:
    if account is None:
        return None
    return {
        "region": clean(account.region),
        "endpoint_url": clean(account.endpoint_url) if account.endpoint_url else None,
        "collected_at": clean(account.collected_at) if account.collected_at else None,
        "calls": account.calls,
        "failed_calls": [
            {"call": clean(each.call), "cause": each.cause.value, "because": clean(each.because)}
            for each in account.failed_calls
        ],
    }


def render(of: Preflight) -> RenderableType:
    """What is wrong comes first, then the path; what is met comes last, in one block."""
    report = of.report
    parts: list[RenderableType | None] = [
        _head(of),
        Text(),
        conclusion.render(report, of.evidence.account),
        verdicts.predictions(report),
        _reported_state(report.actual),
        aws_metrics.render(report),
        _cautions(of),
        Text(),
        changes.render(of.older, changes.between(of.older, report)) if of.older else None,
        findings.render(report.verdicts),
        matrix.render(matrix.rows(of.evidence, report.verdicts)),
        large_client_hello.render(of.evidence.large_client_hellos),
        Text(),
        health.budget(of.evidence.recent),
        Text(),
        findings.fine(report.verdicts),
    ]
    return Group(*(part for part in parts if part is not None))


def brief(of: Preflight) -> RenderableType:
    """Only what KMS would return now and what changed, for a reader who saw the full report before."""
    report = of.report
    parts: list[RenderableType | None] = [
        _head(of),
        conclusion.render(report, of.evidence.account),
        verdicts.predictions(report),
        _reported_state(report.actual),
        aws_metrics.render(report),
        _cautions(of),
        changes.render(of.older, changes.between(of.older, report)) if of.older else None,
    ]
    return Group(*(part for part in parts if part is not None))


def facts(of: Preflight) -> tuple[str, ...]:
    """The header of each format: probed from where, what, when, with which CA list and configuration."""
    report, spec = of.report, of.evidence.spec
    parts = [f"probed from {clean(of.vantage) or 'here'}"]
    if spec is not None:
        parts += [clean(spec.region), clean(spec.id or spec.host or "new key store")]
    parts.append(formatting.moment(report.taken_at_s))
    if report.authorities_as_of:
        parts.append(clean(formatting.authority_lists(report)))
    if of.configuration_hash:
        parts.append(f"configuration {of.configuration_hash}")
    if of.clock_offset_s is not None:
        parts.append(f"proxy clock offset {of.clock_offset_s:+.0f} s")
    return tuple(parts)


def cautions(of: Preflight) -> tuple[str, ...]:
    """Warnings that every format shows after the answer and before the rest of the report."""
    account, warnings = of.evidence.account, []
    if account is not None and account.endpoint_url:
        warnings.append(f"AWS API calls went to the custom endpoint {clean(account.endpoint_url)}")
    if account is not None and account.collected_at:
        collected_at = clean(account.collected_at, 40)
        warnings.append(f"The AWS API was not called: the account data was collected at {collected_at}")
    if account is not None and account.failed_calls:
        warnings.append(_failed_calls(account))
    warnings += of.report.notes
    if of.is_redacted:
        warnings.append("Account ids, private addresses and key ids are replaced with pseudonyms")
    if extra := authorities(of.report):
        warnings.append(extra)
    return tuple(warnings)


def _failed_calls(account: Account) -> str:
    """All failed calls, including those that affect no verdict, and what to allow."""
    calls = f"{len(account.failed_calls)} of {account.calls} AWS API calls failed"
    refused = [each for each in account.failed_calls if each.cause is ApiErrorKind.ACCESS_DENIED]
    denied, others = _named(refused), _named(each for each in account.failed_calls if each not in refused)
    allow = f"allow {denied} (the policy deploy/aws/iam-policy.json has all that a preflight needs)"
    return f"{calls}: {'; '.join(filter(None, (denied and allow, others)))}"


def _named(failed: Iterable[Unavailable]) -> str:
    names = list(dict.fromkeys(clean(each.call, 64) for each in failed))
    more = f" and {len(names) - _MAX_CALLS} more" if len(names) > _MAX_CALLS else ""
    return f"{', '.join(names[:_MAX_CALLS])}{more}"


def _head(of: Preflight) -> Text:
    return Text.assemble(
        (f"xks-probe {of.version} preflight", "bold"), (" · " + " · ".join(facts(of)), "dim")
    )


def _cautions(of: Preflight) -> Text | None:
    lines = [Text(f"! {caution}", style="bold yellow") for caution in cautions(of)]
    return Text("\n").join([Text(), *lines]) if lines else None


def _reported_state(actual: ReportedState | None) -> Text | None:
    if actual is None:
        return None
    style = {True: "green", False: "bold red", None: "yellow"}[actual.agrees]
    state, sign, because = aws_metrics.reported(actual)
    return Text.assemble(("  KMS reports ", "dim"), (f"{state} ", "bold"), (sign, style), f" {because}")

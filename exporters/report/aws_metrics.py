"""What KMS reports and AWS measured itself, beside the prediction: states, requests, connections."""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.report import fields, formatting
from probe.model.account import Unavailable
from probe.model.aws_metrics import (
    PERIOD_S,
    AwsMetrics,
    CertificateDays,
    KeyManagerStates,
    LatencyStatistic,
    ProxyLatency,
    ProxyRequests,
    ServiceConnections,
)
from probe.model.text import clean
from probe.model.verdicts import Report, ReportedState

KMS, PRIVATELINK = "KMS itself", "PrivateLink"
Row = tuple[str, str]  # who measured it, and what; clean


def reported(actual: ReportedState) -> tuple[str, str, str]:
    """The state that KMS reports, a sign for whether the prediction agrees, and why."""
    state = clean(actual.connection_state) or "no state"
    code = f" ({clean(actual.connection_error_code)})" if actual.connection_error_code else ""
    sign = {True: "✓", False: "✗", None: "?"}[actual.agrees]
    return f"{state}{code}", sign, clean(actual.because)


def rows(report: Report) -> tuple[Row, ...]:
    """One row per fact; without data one that says so, if the key store exists: KMS measures each."""
    metrics = report.aws_metrics
    if metrics is None:
        return ()
    if isinstance(metrics, Unavailable):
        return ((KMS, f"unknown: {clean(metrics.because, fields.TEXT_LIMIT)}"),)
    found = tuple(_rows(metrics))
    return found or (((KMS, "no data in CloudWatch for the last hour"),) if report.actual else ())


def _rows(metrics: AwsMetrics) -> Iterator[Row]:
    if metrics.latency is not None and metrics.latency.statistics:
        yield KMS, _latency(metrics.latency)
    if metrics.requests is not None:
        yield KMS, _requests(metrics.requests)
    for each in metrics.certificates:
        yield KMS, f"saw a certificate {clean(each.common_name, 128)} with {each.days:.0f} days left"
    if metrics.key_managers is not None and (words := _counted(_states(metrics.key_managers))):
        yield KMS, f"key managers, as the proxy reports them: {words}"
    if metrics.connections is not None and (words := _counted(_numbers(metrics.connections), after=True)):
        yield PRIVATELINK, f"{words} (all consumers of the endpoint service)"


def _latency(latency: ProxyLatency) -> str:
    values = ", ".join(f"{name.value} {value * 1e3:.1f} ms" for name, value in latency.statistics.items())
    return f"the proxy's latency was {values} (5 minutes from {formatting.moment(latency.period_start_s)})"


def _requests(requests: ProxyRequests) -> str:
    until = formatting.moment(requests.period_start_s + PERIOD_S)
    failed = {name: count for name, count in requests.errors.items() if count}
    words = f"{sum(failed.values()):,} failed: {_counted(failed, after=True)}" if failed else "none failed"
    return f"{requests.count:,} requests in the hour until {until}, {words}"


def _states(states: KeyManagerStates) -> Mapping[str, int | None]:
    return {"active": states.active, "degraded": states.degraded, "unavailable": states.unavailable}


def _numbers(connections: ServiceConnections) -> Mapping[str, int | None]:
    return {
        "connected endpoints": connections.endpoints,
        "active connections": connections.active,
        "new connections in an hour": connections.new,
        "RST packets in an hour": connections.resets,
    }


def _counted(numbers: Mapping[str, int | None], *, after: bool = False) -> str:
    """The known numbers: ``2 active, 1 degraded``, or ``ThrottlingException 4``."""
    known = ((name, f"{number:,}") for name, number in numbers.items() if number is not None)
    return ", ".join(f"{name} {number}" if after else f"{number} {name}" for name, number in known)


def render(report: Report) -> RenderableType | None:
    """One line per fact, in the style of the state that KMS reports."""
    found = rows(report)
    if not found:
        return None
    return Group(*(Text.assemble((f"  {who}: ", "dim"), words) for who, words in found))


def document(metrics: AwsMetrics | Unavailable | None) -> fields.Fields | None:
    """As ``aws_metrics`` in ``docs/schemas/preflight.json``; None if there was nothing to ask for."""
    if metrics is None:
        return None
    known = AwsMetrics() if isinstance(metrics, Unavailable) else metrics
    return {
        "unavailable": fields.text(metrics.because) if isinstance(metrics, Unavailable) else None,
        "latency": _latency_fields(known.latency),
        "requests": _request_fields(known.requests),
        "certificates": [_certificate_fields(each) for each in known.certificates],
        "key_managers": _key_manager_fields(known.key_managers),
        "privatelink": _connection_fields(known.connections),
    }


def _latency_fields(latency: ProxyLatency | None) -> fields.Fields | None:
    if latency is None:
        return None
    values = {
        f"{name.value}_seconds": fields.seconds(latency.statistics.get(name)) for name in LatencyStatistic
    }
    return {"period_start": fields.time(latency.period_start_s), **values}


def _request_fields(requests: ProxyRequests | None) -> fields.Fields | None:
    if requests is None:
        return None
    return {
        "period_start": fields.time(requests.period_start_s),
        "count": requests.count,
        "errors": dict(requests.errors),
    }


def _certificate_fields(seen: CertificateDays) -> fields.Fields:
    return {
        "period_start": fields.time(seen.period_start_s),
        "common_name": fields.text(seen.common_name),
        "days": round(seen.days, 3),
    }


def _key_manager_fields(states: KeyManagerStates | None) -> fields.Fields | None:
    return None if states is None else {"period_start": fields.time(states.period_start_s), **_states(states)}


def _connection_fields(connections: ServiceConnections | None) -> fields.Fields | None:
    if connections is None:
        return None
    return {
        "period_start": fields.time(connections.period_start_s),
        "endpoints": connections.endpoints,
        "active_connections": connections.active,
        "new_connections": connections.new,
        "resets_sent": connections.resets,
    }

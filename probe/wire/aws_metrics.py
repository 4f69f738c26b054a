"""Parses the response of cloudwatch GetMetricData: the series of each query, and the values in them.

Ids of queries are those of ``probe/aws/cloudwatch.py``. A series or a data point that can't be read counts as
missing, so its value is unknown.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from probe.model.account import ApiErrorKind, Unavailable
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
from probe.wire.json_values import entries, words

CALL = "cloudwatch:GetMetricData"
_MAX_POINTS = 1000
_MAX_VALUE = 1e15
_MAX_TIME_S = 1e11
_MAX_CERTIFICATES = 16
_MS_PER_S = 1000.0
_SUCCESS = "None"  # the exception name of requests that succeeded
_Points = Mapping[float, float]  # values by the start of their period


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    query: str
    label: str
    points: _Points


def aws_metrics(answer: Mapping[str, Any] | Unavailable) -> AwsMetrics | Unavailable:
    """The newest values; a response without its list is malformed."""
    if isinstance(answer, Unavailable):
        return answer
    found = entries(answer, "MetricDataResults")
    if found is None:
        because = "the response has no MetricDataResults"
        return Unavailable(call=CALL, because=because, cause=ApiErrorKind.MALFORMED_RESPONSE)
    series: dict[str, list[_Series]] = defaultdict(list)
    for one in found:
        if points := _points(one):
            read = _Series(query=words(one, "Id"), label=words(one, "Label"), points=points)
            series[read.query].append(read)
    return AwsMetrics(
        latency=_latency(series),
        requests=_requests(series["errors"]),
        certificates=tuple(map(_certificate, series["certificate_days"][:_MAX_CERTIFICATES])),
        key_managers=_key_managers(series["key_managers"]),
        connections=_connections(series),
    )


def _points(one: Mapping[str, Any]) -> dict[float, float]:
    times, values = one.get("Timestamps"), one.get("Values")
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        return {}
    pairs = ((_time(t), _value(v)) for t, v in zip(times[:_MAX_POINTS], values, strict=False))
    return {t: v for t, v in pairs if t is not None and v is not None}


def _time(value: object) -> float | None:
    """Unix time: boto3 gives a datetime, the AWS CLI a text or a number."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        try:
            value = (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return _finite(value, _MAX_TIME_S)


def _value(value: object) -> float | None:
    return _finite(value, _MAX_VALUE)


def _finite(value: object, limit: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= limit else None


def _latency(series: Mapping[str, list[_Series]]) -> ProxyLatency | None:
    """The newest period of any statistic; the average is weighted by each operation's number of requests."""
    kinds = ("latency_average", "latency_maximum", "latency_p99")
    newest = _newest(each for kind in kinds for each in series.get(kind, ()))
    if newest is None:
        return None
    counts = {each.label: each.points.get(newest, 0.0) for each in series.get("latency_count", ())}
    averages = [(value, counts.get(label, 0.0)) for label, value in _at(newest, series, "latency_average")]
    requests = sum(count for _, count in averages)
    total = sum(value * count for value, count in averages)
    return ProxyLatency(
        period_start_s=newest,
        average_s=total / requests / _MS_PER_S if requests else None,
        maximum_s=_highest(newest, series, "latency_maximum"),
        p99_s=_highest(newest, series, "latency_p99"),
    )


def _at(time_s: float, series: Mapping[str, list[_Series]], query: str) -> list[tuple[str, float]]:
    return [(each.label, each.points[time_s]) for each in series.get(query, ()) if time_s in each.points]


def _highest(time_s: float, series: Mapping[str, list[_Series]], query: str) -> float | None:
    values = [value for _, value in _at(time_s, series, query)]
    return max(values) / _MS_PER_S if values else None


def _requests(series: list[_Series]) -> ProxyRequests | None:
    """Successes are counted under the exception name None, so a missing exception did not occur."""
    newest = _newest(series)
    if newest is None:
        return None
    errors = dict.fromkeys((*PROXY_EXCEPTIONS, OTHER_EXCEPTION), 0)
    succeeded = 0
    for each in series:
        count = round(sum(each.points.values()))
        if each.label == _SUCCESS:
            succeeded += count
        else:
            errors[each.label if each.label in errors else OTHER_EXCEPTION] += count
    return ProxyRequests(period_start_s=newest, count=succeeded + sum(errors.values()), errors=errors)


def _certificate(series: _Series) -> CertificateDays:
    newest = max(series.points)
    return CertificateDays(period_start_s=newest, common_name=series.label, days=series.points[newest])


def _key_managers(series: list[_Series]) -> KeyManagerStates | None:
    newest = _newest(series)
    if newest is None:
        return None
    counts = {each.label: round(each.points[newest]) for each in series if newest in each.points}
    return KeyManagerStates(
        period_start_s=newest,
        active=counts.get("Active"),
        degraded=counts.get("Degraded"),
        unavailable=counts.get("Unavailable"),
    )


def _connections(series: Mapping[str, list[_Series]]) -> ServiceConnections | None:
    kinds = ("active_connections", "endpoints", "new_connections", "resets_sent")
    points = {kind: each.points for kind in kinds for each in series.get(kind, ())}
    if not points:
        return None
    last = {kind: round(values[max(values)]) for kind, values in points.items()}
    sums = {kind: round(sum(values.values())) for kind, values in points.items()}
    return ServiceConnections(
        period_start_s=max(map(max, points.values())),
        active=last.get("active_connections"),
        endpoints=last.get("endpoints"),
        new=sums.get("new_connections"),
        resets=sums.get("resets_sent"),
    )


def _newest(series: Iterable[_Series]) -> float | None:
    return max((max(each.points) for each in series), default=None)

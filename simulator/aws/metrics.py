"""GetMetricData over the data points of a scenario, as CloudWatch answers searches and single metrics. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
A single metric always has a result, which may be empty; a search has one per metric that it finds. Only exact
terms are searched for.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.aws.protocol import AwsError
from simulator.scenario.aws_metrics import OF_STORE, Datapoint

Json = Mapping[str, Any]
_SEARCH = re.compile(r"SEARCH\('([^']*)', '([A-Za-z0-9.]+)', ([0-9]+)\)", re.ASCII)
_TERM = re.compile(r'(\w+)="([^"]*)"', re.ASCII)
_PROPERTY = re.compile(r"\$\{PROP\('Dim\.([A-Za-z0-9 ]+)'\)\}", re.ASCII)
_NAMESPACES = {True: "AWS/KMS", False: "AWS/PrivateLinkServices"}
_Key = tuple[str, tuple[tuple[str, str], ...]]


def answer(
    datapoints: Sequence[Datapoint], of_store: Json | None, of_service: Json, parameters: Json
) -> dict[str, Any]:
    """``of_store`` and ``of_service`` are the dimensions of their metrics; None without a key store."""
    start_s, end_s = (_unix_s(parameters[key]) for key in ("StartTime", "EndTime"))
    found: list[Json] = []
    for query in parameters["MetricDataQueries"]:
        series = _series(datapoints, of_store, of_service, (start_s, end_s), _period_s(query))
        found += _single(query, series) if "MetricStat" in query else _searched(query, series)
    return {"MetricDataResults": found, "Messages": []}


def _series(
    datapoints: Sequence[Datapoint],
    of_store: Json | None,
    of_service: Json,
    times_s: tuple[float, float],
    period_s: int,
) -> dict[_Key, dict[dt.datetime, float]]:
    """The values in the time range, by metric and dimensions, newest first."""
    found: dict[_Key, dict[dt.datetime, float]] = {}
    for each in sorted(datapoints, key=lambda one: one.periods_ago):
        own = of_store if each.metric in OF_STORE else of_service
        at_s = times_s[1] - (1 + each.periods_ago) * period_s
        if own is not None and at_s >= times_s[0]:
            key = each.metric, tuple(sorted({**own, **each.dimensions}.items()))
            found.setdefault(key, {})[dt.datetime.fromtimestamp(at_s, dt.UTC)] = each.value
    return found


def _period_s(query: Json) -> int:
    if "MetricStat" in query:
        return int(query["MetricStat"]["Period"])
    return int(_parsed(query)[3])


def _parsed(query: Json) -> re.Match[str]:
    match = _SEARCH.fullmatch(query.get("Expression", ""))
    if match is None:
        raise AwsError("ValidationError", f"the simulation can't read the expression of {query.get('Id')}")
    return match


def _single(query: Json, series: Mapping[_Key, Mapping[dt.datetime, float]]) -> Iterator[Json]:
    wanted = query["MetricStat"]["Metric"]
    dimensions = tuple(sorted((each["Name"], each["Value"]) for each in wanted.get("Dimensions", ())))
    is_there = wanted["Namespace"] == _NAMESPACES[wanted["MetricName"] in OF_STORE]
    values = series.get((wanted["MetricName"], dimensions), {}) if is_there else {}
    label = query.get("Label", wanted["MetricName"])
    yield _result(query, label, values, query["MetricStat"]["Stat"])


def _searched(query: Json, series: Mapping[_Key, Mapping[dt.datetime, float]]) -> Iterator[Json]:
    match = _parsed(query)
    terms = dict(_TERM.findall(match[1]))
    for (metric, dimensions), values in series.items():
        has = {"Namespace": _NAMESPACES[metric in OF_STORE], "MetricName": metric, **dict(dimensions)}
        if terms.items() <= has.items():
            yield _result(query, _labelled(query.get("Label", metric), has), values, match[2])


def _labelled(label: str, has: Mapping[str, str]) -> str:
    """The label with the values of its dimensions."""
    return _PROPERTY.sub(lambda found: has.get(found[1], ""), label)


def _result(query: Json, label: str, values: Mapping[dt.datetime, float], statistic: str) -> Json:
    numbers = [1.0 if statistic == "SampleCount" else value for value in values.values()]
    return {
        "Id": query["Id"],
        "Label": label,
        "Timestamps": list(values),
        "Values": numbers,
        "StatusCode": "Complete",
    }


def _unix_s(value: object) -> float:
    """A time in a request: a number in AWS's JSON protocol."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AwsError("InvalidParameterValue", "a time is not a number")
    return float(value)

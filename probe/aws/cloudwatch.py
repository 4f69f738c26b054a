"""The one call for what AWS measured itself: metrics of the key store and of the endpoint service. Pure.

Namespaces, names, dimensions and statistics:
https://docs.aws.amazon.com/kms/latest/developerguide/monitoring-cloudwatch.html
https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html
KMS's metrics have dimensions whose values are not known before (operations, exceptions, the certificate's
name), so they are searched; the label of each result is the value of its dimension.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from probe.model.aws_metrics import PERIOD_S, WINDOW_S

SERVICE, OPERATION = "cloudwatch", "GetMetricData"
_OPERATIONS = "${PROP('Dim.KmsOperation')} ${PROP('Dim.XksOperation')}"
# id -> (metric, statistic, label)
_OF_STORE: Mapping[str, tuple[str, str, str]] = {
    "certificate_days": ("XksProxyCertificateDaysToExpire", "Minimum", "${PROP('Dim.CertificateName')}"),
    "errors": ("XksProxyErrors", "Sum", "${PROP('Dim.ExceptionName')}"),
    "key_managers": ("XksExternalKeyManagerStates", "Maximum", "${PROP('Dim.XksExternalKeyManagerState')}"),
    "latency_average": ("XksProxyLatency", "Average", _OPERATIONS),
    "latency_count": ("XksProxyLatency", "SampleCount", _OPERATIONS),
    "latency_maximum": ("XksProxyLatency", "Maximum", _OPERATIONS),
    "latency_p99": ("XksProxyLatency", "p99", _OPERATIONS),
}
# id -> (metric, statistic)
_OF_SERVICE: Mapping[str, tuple[str, str]] = {
    "active_connections": ("ActiveConnections", "Maximum"),
    "endpoints": ("EndpointsCount", "Maximum"),
    "new_connections": ("NewConnections", "Sum"),
    "resets_sent": ("RstPacketsSent", "Sum"),
}
_SEARCH = "SEARCH('{terms}', '{statistic}', {period_s})"
_TERMS = 'Namespace="AWS/KMS" MetricName="{metric}" CustomKeyStoreId="{id}"'
# Anything else would change the meaning of a search.
_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


def call(
    store_id: str | None, service_id: str | None, now_s: float
) -> tuple[str, str, Mapping[str, Any]] | None:
    """The call for the complete periods of the last hour; None without an id to ask for."""
    asked = queries(store_id, service_id)
    if not asked:
        return None
    end_s = now_s // PERIOD_S * PERIOD_S
    times = {"StartTime": _time(end_s - WINDOW_S), "EndTime": _time(end_s)}
    return SERVICE, OPERATION, {"MetricDataQueries": asked, **times}


def queries(store_id: str | None, service_id: str | None) -> list[dict[str, Any]]:
    """What is asked for; `probe.wire.aws_metrics` reads the results by their ids."""
    return [*_of_store(store_id), *_of_service(service_id)]


def _of_store(id_: str | None) -> list[dict[str, Any]]:
    if not id_ or _ID.fullmatch(id_) is None:
        return []
    return [
        {
            "Id": name,
            "Expression": _SEARCH.format(
                terms=_TERMS.format(metric=metric, id=id_), statistic=statistic, period_s=int(PERIOD_S)
            ),
            "Label": label,
        }
        for name, (metric, statistic, label) in _OF_STORE.items()
    ]


def _of_service(id_: str | None) -> list[dict[str, Any]]:
    if not id_ or _ID.fullmatch(id_) is None:
        return []
    return [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/PrivateLinkServices",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "Service Id", "Value": id_}],
                },
                "Period": int(PERIOD_S),
                "Stat": statistic,
            },
        }
        for name, (metric, statistic) in _OF_SERVICE.items()
    ]


def _time(unix_s: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(unix_s, dt.UTC)

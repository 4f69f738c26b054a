"""The ``account.metrics`` of a scenario: the data points that the simulated CloudWatch has. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from simulator.scenario.fields import Fields

OF_STORE = (
    "XksExternalKeyManagerStates",
    "XksProxyCertificateDaysToExpire",
    "XksProxyErrors",
    "XksProxyLatency",
)
OF_SERVICE = ("ActiveConnections", "EndpointsCount", "NewConnections", "RstPacketsSent")
_KEYS = ("metric", "dimensions", "value", "periods_ago")
_MAX_PERIODS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Datapoint:
    """One value, the same for every statistic, except that each period has one sample.

    ``dimensions`` are without those of the key store or the endpoint service. ``periods_ago`` counts from the
    last complete period of five minutes, 0.
    """

    metric: str
    value: float
    dimensions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    periods_ago: int = 0


def read_metrics(path: str, value: object, fields: Fields) -> tuple[Datapoint, ...]:
    def read(path: str, item: object) -> Datapoint:
        given = fields.mapping(path, item, _KEYS)
        dimensions = fields.mapping(f"{path}.dimensions", given.get("dimensions", {}))
        return Datapoint(
            metric=fields.one_of(f"{path}.metric", given.get("metric"), (*OF_STORE, *OF_SERVICE)),
            value=_number(f"{path}.value", given.get("value"), fields),
            dimensions={key: fields.text(f"{path}.dimensions.{key}", v) for key, v in dimensions.items()},
            periods_ago=_periods(f"{path}.periods_ago", given.get("periods_ago", 0), fields),
        )

    return fields.items(path, value, read)


def _number(path: str, value: object, fields: Fields) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        fields.note(path, "write a number")
        return 0.0
    return float(value)


def _periods(path: str, value: object, fields: Fields) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_PERIODS:
        fields.note(path, f"write a whole number from 0 to {_MAX_PERIODS}")
        return 0
    return value

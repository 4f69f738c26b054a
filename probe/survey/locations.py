"""AWS Regions: their geographic locations, their KMS endpoints, and the minimum RTT by speed of light."""

import csv
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt

# Regions of the other public partitions. They are not in regions.csv, because no location is published.
OTHER_REGIONS = ("us-gov-east-1", "us-gov-west-1", "eusc-de-east-1", "cn-north-1", "cn-northwest-1")
# AWS KMS Developer Guide, "External key stores": all Regions with KMS except the two in China.
WITHOUT_EXTERNAL_KEY_STORES = ("cn-north-1", "cn-northwest-1")
# Two partitions have their own domain suffix; isolated partitions are not reachable from the internet.
_SUFFIXES = (("cn-", "amazonaws.com.cn"), ("eusc-", "amazonaws.eu"))
_DEFAULT_SUFFIX = "amazonaws.com"
_EARTH_RADIUS_KM = 6371.0
# Light in fibre travels about 200,000 km per second, so a round trip over d km takes at least d/100 ms.
_KM_PER_S_OF_ROUND_TRIP = 100_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The city that represents a Region: degrees north and east, to a tenth."""

    name: str
    latitude: float
    longitude: float


@cache
def locations() -> Mapping[str, Location]:
    """Region -> Location, in alphabetical order, for the Regions of partition ``aws``."""
    text = files("probe").joinpath("data", "regions.csv").read_text(encoding="utf-8")
    return {
        row["region"]: Location(
            name=row["place"], latitude=float(row["latitude"]), longitude=float(row["longitude"])
        )
        for row in csv.DictReader(text.splitlines())
    }


def is_known(region: str) -> bool:
    return region in locations() or region in OTHER_REGIONS


def suggestion(region: str) -> str:
    """The advice for an unknown Region: a similar name, if there is one."""
    near = difflib.get_close_matches(region, (*locations(), *OTHER_REGIONS), n=1)
    return f"did you mean {near[0]!r}?" if near else "use a name such as eu-central-1"


def kms_host(region: str) -> str:
    """The name of the Region's public KMS endpoint.

    >>> kms_host("eu-central-1"), kms_host("eusc-de-east-1")
    ('kms.eu-central-1.amazonaws.com', 'kms.eusc-de-east-1.amazonaws.eu')
    """
    suffix = next((suffix for start, suffix in _SUFFIXES if region.startswith(start)), _DEFAULT_SUFFIX)
    return f"kms.{region}.{suffix}"


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance between two (latitude, longitude) pairs in degrees (haversine formula)."""
    latitude_a, latitude_b = radians(a[0]), radians(b[0])
    half = (
        sin((latitude_b - latitude_a) / 2) ** 2
        + cos(latitude_a) * cos(latitude_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


def min_rtt_s(region: str, vantage: tuple[float, float]) -> float | None:
    """The round-trip time of light in fibre from ``vantage``; None if the Region's location is unknown."""
    location = locations().get(region)
    if location is None:
        return None
    return distance_km(vantage, (location.latitude, location.longitude)) / _KM_PER_S_OF_ROUND_TRIP

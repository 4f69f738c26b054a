"""The text formats of /metrics, and which of them a client asks for in its ``Accept`` header."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the families of a registry become text, in UTF-8.

    The sample lines are the same in all formats; only the lines of metadata differ. ``end`` closes the text.
    ``media_type`` and ``versions`` are what an ``Accept`` header must name; "" is a range without a version.
    """

    content_type: str
    media_type: str
    versions: frozenset[str]
    encode: Callable[[Collector], bytes]
    end: bytes


# A client of version 1.0.0 can read the text of 0.0.4: it differs only in names that are not used here.
CLASSIC = Format(
    content_type=exposition.CONTENT_TYPE_PLAIN_0_0_4,
    media_type="text/plain",
    versions=frozenset({"", "0.0.4", "1.0.0"}),
    encode=exposition.generate_latest,
    end=b"",
)
OPEN_METRICS = Format(
    content_type=openmetrics.CONTENT_TYPE_LATEST,
    media_type="application/openmetrics-text",
    versions=frozenset({"", "1.0.0"}),
    encode=openmetrics.generate_latest,
    end=b"# EOF\n",
)

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")  # RFC 9110, section 12.4.2


def negotiate(accept: str) -> Format:
    """OpenMetrics 1.0 if ``accept`` names it and does not prefer the classic text, else the classic text.

    `prometheus_client.exposition.choose_encoder` is not used: it ignores the weights (``q``) and labels the
    text with any version that a client asks for. A wildcard is not enough for OpenMetrics, because browsers
    and curl send it; an invalid range is ignored.

    >>> negotiate("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4").media_type
    'application/openmetrics-text'
    >>> negotiate("*/*").media_type
    'text/plain'
    """
    ranges = list(_ranges(accept))
    weight = _weight(OPEN_METRICS, ranges)
    return OPEN_METRICS if weight > 0 and weight >= _weight(CLASSIC, ranges) else CLASSIC


@dataclass(frozen=True, slots=True)
class _Range:
    media_type: str
    version: str
    weight: float


def _ranges(accept: str) -> Iterator[_Range]:
    for text in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in text.split(";"))
        values = dict(_parameter(each) for each in parameters)
        weight = values.get("q", "1")
        if _WEIGHT.fullmatch(weight):
            yield _Range(media_type, values.get("version", ""), float(weight))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _weight(form: Format, ranges: list[_Range]) -> float:
    """The highest weight of the ranges that name ``form``; 0 without one."""
    named = (each for each in ranges if each.media_type == form.media_type and each.version in form.versions)
    return max((each.weight for each in named), default=0.0)

"""Converts rows of label values and numbers to the metric families of prometheus_client."""

from collections.abc import Mapping
from math import inf

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from exporters.prometheus.definitions import Definition, Kind
from exporters.prometheus.histogram import Histogram
from probe.model.text import clean

LABEL_LIMIT = 128

Labels = tuple[str, ...]
# A mapping, because Prometheus rejects a whole scrape in which two samples have the same labels.
Rows = Mapping[Labels, float]


def label(text: str) -> str:
    """``text`` as a label value: printable, at most 128 characters."""
    return clean(text, LABEL_LIMIT)


def family(definition: Definition, rows: Rows) -> Metric:
    """A counter, gauge or info family. The samples of an info are always 1, not the values in ``rows``."""
    match definition.kind:
        case Kind.COUNTER:
            counter = CounterMetricFamily(definition.full_name, definition.help, labels=definition.labels)
            for labels, value in rows.items():
                counter.add_metric(labels, value)
            return counter
        case Kind.GAUGE:
            gauge = GaugeMetricFamily(definition.full_name, definition.help, labels=definition.labels)
            for labels, value in rows.items():
                gauge.add_metric(labels, value)
            return gauge
        case Kind.INFO:
            info = InfoMetricFamily(_stem(definition), definition.help, labels=definition.labels)
            for labels in rows:
                info.add_metric(labels, {})
            return info
        case Kind.HISTOGRAM:
            raise ValueError(f"{definition.name} is a histogram")


def histogram_family(definition: Definition, rows: Mapping[Labels, Histogram]) -> Metric:
    metric = HistogramMetricFamily(definition.full_name, definition.help, labels=definition.labels)
    for labels, histogram in rows.items():
        buckets = [(bound_text(bound), float(count)) for bound, count in histogram.cumulative()]
        metric.add_metric(labels, buckets, histogram.sum_s)
    return metric


def empty_family(definition: Definition) -> Metric:
    """The family without samples."""
    if definition.kind is Kind.HISTOGRAM:
        return histogram_family(definition, {})
    return family(definition, {})


def _stem(definition: Definition) -> str:
    return definition.full_name.removesuffix("_info")  # prometheus_client appends it


def bound_text(bound_s: float) -> str:
    """The value of the label ``le``, as queries must write it: "0.035", "1.0", "+Inf"."""
    return "+Inf" if bound_s == inf else repr(bound_s)

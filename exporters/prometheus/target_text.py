"""The series of one target as text: one piece per family, which the scrape joins family by family.

With 1,000 targets a scrape has about 50,000 lines. `prometheus_client` creates an object per line and blocks
the event loop for half a second. Here a target takes about 0.1 ms, and the event loop can run between two
targets. The text is byte for byte what `prometheus_client` writes for `target_families`; a test checks this.
"""

from collections.abc import Mapping
from itertools import accumulate

from prometheus_client.utils import floatToGoString

from exporters.prometheus import definitions as d
from exporters.prometheus.families import Labels, bound_text, label
from exporters.prometheus.histogram import Histogram
from exporters.prometheus.target_families import HISTOGRAMS, TABLE, info_labels
from exporters.prometheus.target_series import TargetSeries

FAMILIES: tuple[d.Definition, ...] = (
    d.TARGET_INFO,
    *(definition for definition, _ in TABLE),
    *(definition for definition, _ in HISTOGRAMS),
)
# Labels are written in alphabetical order.
_ORDERS = {
    definition.name: sorted(range(len(definition.labels)), key=definition.labels.__getitem__)
    for definition in FAMILIES
}
_BOUNDS = tuple(bound_text(bound_s) for bound_s in (*d.BOUNDS_S, float("inf")))
_BOUND_LABEL = "le"
_MAX_PLAIN = 1_000_000  # larger floats are written with an exponent


def pieces(series: TargetSeries, vantage: str = "") -> tuple[str, ...]:
    """The lines of ``series``, one text per family in `FAMILIES`. ``vantage``: where it is probed from."""
    name = label(series.target.name)
    return (
        _rows(d.TARGET_INFO, {info_labels(name, series, vantage): 1.0}),
        *(
            _rows(definition, {(name, *labels): value for labels, value in numbers(series).items()})
            for definition, numbers in TABLE
        ),
        *(
            _histograms(definition, {(name, *labels): each for labels, each in histograms(series).items()})
            for definition, histograms in HISTOGRAMS
        ),
    )


def _rows(definition: d.Definition, rows: Mapping[Labels, float]) -> str:
    full_name = definition.full_name
    return "".join(
        f"{full_name}{{{','.join(_pairs(definition, labels))}}} {_number(value)}\n"
        for labels, value in rows.items()
    )


def _histograms(definition: d.Definition, rows: Mapping[Labels, Histogram]) -> str:
    return "".join(_histogram(definition, labels, histogram) for labels, histogram in rows.items())


def _histogram(definition: d.Definition, labels: Labels, histogram: Histogram) -> str:
    pairs = _pairs(definition, labels)
    before = "".join(f"{pair}," for pair in pairs if pair < _BOUND_LABEL)
    after = "".join(f",{pair}" for pair in pairs if pair > _BOUND_LABEL)
    own, full_name = ",".join(pairs), definition.full_name
    counts = list(accumulate(histogram.counts))
    buckets = [
        f'{full_name}_bucket{{{before}le="{bound}"{after}}} {_number(count)}\n'
        for bound, count in zip(_BOUNDS, counts, strict=True)
    ]
    buckets.append(f"{full_name}_count{{{own}}} {_number(counts[-1])}\n")
    buckets.append(f"{full_name}_sum{{{own}}} {_number(histogram.sum_s)}\n")
    return "".join(buckets)


def _pairs(definition: d.Definition, labels: Labels) -> list[str]:
    """``name="value"`` per label, sorted by name."""
    names = definition.labels
    return [f'{names[number]}="{_escaped(labels[number])}"' for number in _ORDERS[definition.name]]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    whole = int(value) if -_MAX_PLAIN < value < _MAX_PLAIN else None
    return f"{whole}.0" if whole == value else str(floatToGoString(value))  # type: ignore[no-untyped-call]

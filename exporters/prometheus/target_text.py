"""The series of one target as text: a piece for each family, which the scrape joins family by family.

At 1,000 targets a scrape has some 50,000 lines. `prometheus_client` makes an object of each and holds the
event loop for half a second; here a target takes some 0.1 ms, and between two targets the loop may have its
turn. What is written is byte for byte what `prometheus_client` writes of `target_families` (a test holds it).
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
# Label names are written in the order of the alphabet.
_ORDERS = {
    definition.name: sorted(range(len(definition.labels)), key=definition.labels.__getitem__)
    for definition in FAMILIES
}
_BOUNDS = tuple(bound_text(bound_s) for bound_s in (*d.BOUNDS_S, float("inf")))
_BOUND_LABEL = "le"
_MAX_PLAIN = 1_000_000  # beyond, floats are written with an exponent


def pieces(series: TargetSeries) -> tuple[str, ...]:
    """The lines of ``series``, a text for each of `FAMILIES`."""
    name = label(series.target.name)
    return (
        _rows(d.TARGET_INFO, {info_labels(name, series): 1.0}),
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
    """``name="value"`` of each label, by name."""
    names = definition.labels
    return [f'{names[place]}="{_escaped(labels[place])}"' for place in _ORDERS[definition.name]]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    whole = int(value) if -_MAX_PLAIN < value < _MAX_PLAIN else None
    return f"{whole}.0" if whole == value else str(floatToGoString(value))  # type: ignore[no-untyped-call]

"""Metrics for Prometheus: a sink with a registry of its own.

`definitions` has every name, label and help text, the source of docs/metrics.md; `sink` takes results, the
`*_families` write series, `scrape` makes the text in slices. May import `probe.model`; prometheus_client
belongs here alone. A new metric is a row in `definitions` and the line that fills it.
"""

from exporters.prometheus.sink import PrometheusSink

__all__ = ["PrometheusSink"]

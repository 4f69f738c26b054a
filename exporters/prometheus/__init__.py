"""Metrics for Prometheus: a sink with its own registry.

`definitions` lists every metric. `target_series` and `health_series` accumulate the values of a target,
`target_families` maps them to metrics, and `judgements` does so for reports and surveys. `scrape` and
`target_text` write the text without blocking the event loop; `formats` selects its format. May import the
modules of ``exporters`` that all folders share, and the model. A new metric needs a definition, and a row in
`target_families.TABLE` or in `sink`; docs/metrics.md is generated.
"""

from exporters.prometheus.sink import PrometheusSink

__all__ = ["PrometheusSink"]

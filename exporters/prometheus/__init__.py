"""Metrics for Prometheus: a sink with a registry of its own.

`definitions` has every metric, `target_series` and `health_series` what a target has accumulated,
`target_families` how it is written, `judgements` what reports and surveys give; `scrape` and `target_text`
make the text without holding the loop. May import ``exporters.checks`` and its neighbours, and the model. A
new metric is a definition, and a row in `target_families.TABLE` or in `sink`; docs/metrics.md is generated.
"""

from exporters.prometheus.sink import PrometheusSink

__all__ = ["PrometheusSink"]

"""Metrics for Prometheus: a sink with a registry of its own."""

from exporters.prometheus.sink import PrometheusSink

__all__ = ["PrometheusSink"]

"""Sinks for people and other programs: Prometheus, the page, reports. They know only the model."""

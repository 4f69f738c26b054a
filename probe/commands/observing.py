"""What the agent says of itself: delays and skipped probes as metrics, bugs and changes as log lines."""

from collections.abc import Sequence

import structlog

from exporters.prometheus import PrometheusSink
from exporters.web.self_metrics import SelfMetrics
from probe.model.measurements import Measurement
from probe.model.targets import Check, Target
from probe.model.text import clean


class AgentObserver:
    """Implements `probe.model.ports.Observer`."""

    def __init__(self, sink: PrometheusSink, self_metrics: SelfMetrics) -> None:
        self._sink, self._self_metrics = sink, self_metrics
        self._log = structlog.get_logger()

    def discarded(self, measurement: Measurement) -> None:
        self._sink.discarded(measurement)

    def delay(self, seconds: float) -> None:
        self._sink.observe_scheduling_delay(seconds)
        self._self_metrics.observe_send_delay(seconds)

    def skipped(self, target: Target, check: Check, runs: int = 1) -> None:
        self._sink.skipped(target, check, runs)

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        where = {"target": target.name, "check": check.value}
        self._log.error("internal error in a probe", **where, error=repr(error))

    def activity_bug(self, activity: str, key_store: str, error: Exception) -> None:
        self._log.error(f"internal error: {activity}", key_store=clean(key_store), error=repr(error))

    def credential(self, key_store: str, fault: str | None) -> None:
        if fault is None:
            self._log.info("the proxy's credential has changed", key_store=clean(key_store))
        else:
            words = "the changed credential cannot be used; the last one stays in use"
            self._log.warning(words, key_store=clean(key_store), error=clean(fault, 400))

    def targets(self, added: Sequence[str], removed: Sequence[str]) -> None:
        names = {"added": [clean(each) for each in added], "removed": [clean(each) for each in removed]}
        self._log.info("targets changed", **names)

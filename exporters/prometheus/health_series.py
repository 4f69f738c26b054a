"""The accumulated series of the health requests to one target."""

from collections import Counter
from collections.abc import Iterable, Mapping

from exporters.checks import is_answered, total_s
from exporters.prometheus.histogram import Histogram
from probe.model.kinds import CHECKS
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement
from probe.model.targets import Check, Mode

# A fixed set, so that a proxy cannot create unlimited series: 200 and the statuses that the proxy API
# specification has for all operations ("Error codes"), then those that web servers and load balancers in
# front of a proxy return: wrong method or path, no backend, backend too slow.
CODES = frozenset({200, 400, 401, 403, 404, 429, 500, 501, 503, 405, 502, 504})
OTHER = "other"


class HealthSeries:
    """Counters start at 0 for each measured mode; the other series start with the first response."""

    def __init__(self) -> None:
        self.durations: dict[Mode, Histogram] = {}
        self.answers: Counter[tuple[Mode, str]] = Counter()
        self.managers: Mapping[KeyManagerStatus, int] = {}
        self.clock_offset_s: float | None = None
        self._managers_at_s = self._clock_at_s = 0.0

    def become(self, checks: Iterable[Check]) -> None:
        """``checks`` are measured from now on; the series of all others are dropped."""
        modes = {CHECKS[check].mode for check in checks}
        known = [(mode, code) for mode in Mode if mode in modes for code in (*map(str, sorted(CODES)), OTHER)]
        self.answers = Counter({each: self.answers[each] for each in known})
        self.durations = {mode: each for mode, each in self.durations.items() if mode in modes}
        if not known:
            self.managers, self.clock_offset_s = {}, None

    def measured(self, measurement: Measurement) -> None:
        """Add one health request, if it was answered."""
        details, mode = measurement.details, CHECKS[measurement.check].mode
        if mode is None or not isinstance(details, HealthDetails) or not is_answered(measurement):
            return
        code = str(details.status) if details.status in CODES else OTHER
        self.answers[mode, code] += 1
        if (duration_s := total_s(measurement)) is not None:
            self.durations.setdefault(mode, Histogram()).observe(duration_s)
        at_s = measurement.started_at_s
        if details.managers and at_s >= self._managers_at_s:
            self._managers_at_s = at_s
            states = [state for _, state in details.managers]
            self.managers = {state: states.count(state) for state in KeyManagerStatus}
        if details.clock_offset_s is not None and at_s >= self._clock_at_s:
            self._clock_at_s, self.clock_offset_s = at_s, details.clock_offset_s

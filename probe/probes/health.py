"""Measures a proxy's health: decides which requests to send in each run.

The first run for a target has as many cold exchanges as a verdict on 250 ms needs; so has a run whose result
differs in kind (in time, late, no response) from the previous run. Any other run has one cold exchange, and a
warm one over the same connection. Requests that KMS itself never sends (unsigned, GET, a large body) may
trigger intrusion detection, so they are sent in the first run and then every six hours.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from probe.model.kinds import CONFORMANCE_INTERVAL_S, CONFORMANCE_RETRY_S
from probe.model.measurements import HealthDetails, Measurement, Phase
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Check, Identity, Target
from probe.network import Network
from probe.network.clock import Deadline
from probe.probes.health_connection import MIN_S, ProxyConnection, Publish
from probe.probes.health_request import Client, RequestKind

COLD_EXCHANGES = 5  # the minimum for a verdict on 250 ms


class _Answer(Enum):
    """The kind of result of a health request."""

    IN_TIME = auto()
    LATE = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _LastRun:
    """The result of the previous run, and when the conformance requests are due next (monotonic)."""

    answer: _Answer
    conformance_due_s: float


class HealthProbe:
    """Sends health requests to the targets of one key store, in one run after another."""

    def __init__(self, client: Client, network: Network) -> None:
        self._client, self._network = client, network
        self._last_runs: dict[Identity, _LastRun] = {}

    def sync(self, client: Client, identities: Collection[Identity]) -> None:
        """Set the client and the targets. Removed targets start again if they are added later."""
        self._client = client
        self._last_runs = {each: last for each, last in self._last_runs.items() if each in identities}

    async def measure(self, target: Target, timeout_s: float, publish: Publish) -> None:
        """One run within ``timeout_s``: cold exchanges, a warm one, and conformance requests if due.

        After two exchanges in a row without a response, the remaining ones are skipped, because they would
        most likely fail the same way. No exchange is started that the deadline would cut off.
        """
        last, now_s = self._last_runs.get(target.identity), self._network.clock.monotonic_ns() / 1e9
        due_s = last.conformance_due_s if last else now_s
        was_silent = last is not None and last.answer is _Answer.NONE
        run = _Run(target, self._client, self._network, timeout_s, publish, was_silent=was_silent)
        await run.health(last)
        if now_s >= due_s and not run.is_silent:  # without responses, conformance can't be tested
            were_answered = await run.conformance()
            due_s = now_s + (CONFORMANCE_INTERVAL_S if were_answered else CONFORMANCE_RETRY_S)
        self._last_runs[target.identity] = _LastRun(answer=run.answer, conformance_due_s=due_s)


class _Run:
    """One run for one target."""

    def __init__(
        self,
        target: Target,
        client: Client,
        network: Network,
        timeout_s: float,
        publish: Publish,
        *,
        was_silent: bool,
    ) -> None:
        self._target, self._client, self._network, self._publish = target, client, network, publish
        self._deadline = Deadline(network.clock, timeout_s)
        self._min_s = min(MIN_S, timeout_s / 2)
        self._found: list[Measurement] = []
        self._was_silent = was_silent

    @property
    def answer(self) -> _Answer:
        """The result of the newest cold exchange; valid after `health`."""
        return _answer_of([each for each in self._found if each.check is Check.HEALTH_COLD][-1])

    @property
    def is_silent(self) -> bool:
        """Whether the last two exchanges got no response, including the last one of the previous run."""
        unanswered = [self._was_silent, *(each.failure is not None for each in self._found)]
        return len(self._found) > 0 and all(unanswered[-2:])

    async def health(self, last: _LastRun | None) -> None:
        """One cold exchange, or `COLD_EXCHANGES` in the first run or if the result differs from ``last``."""
        number = 0
        while number == 0 or self._needs_another(last, number):
            number += 1
            is_last = number == (COLD_EXCHANGES if last is None else 1)
            await self._connection().requests(RequestKind.HEALTH, self._note, warm_too=is_last)

    def _needs_another(self, last: _LastRun | None, number: int) -> bool:
        if number >= COLD_EXCHANGES or not self._has_time() or self.is_silent or self._is_withheld():
            return False
        return last is None or number > 1 or self.answer is not last.answer

    async def conformance(self) -> bool:
        """Sends the conformance requests; returns whether all of them were sent and answered."""
        answered: list[bool] = []

        def note(measurement: Measurement) -> None:
            answered.append(measurement.failure is None)
            self._publish(measurement)

        for purpose in (others := self._others()):
            if self._has_time():
                await self._connection().requests(purpose, note)
        return len(answered) == len(others) and all(answered)

    def _connection(self) -> ProxyConnection:
        return ProxyConnection(self._target, self._client, self._network, self._deadline)

    def _note(self, measurement: Measurement) -> None:
        self._found.append(measurement)
        self._publish(measurement)

    def _has_time(self) -> bool:
        return self._deadline.remaining_s() >= self._min_s

    def _is_withheld(self) -> bool:
        found = (each.details for each in self._found)
        return any(isinstance(details, HealthDetails) and details.withheld for details in found)

    def _others(self) -> tuple[RequestKind, ...]:
        """The conformance requests: unsigned ones, and signed ones if signing is allowed."""
        unsigned = (RequestKind.UNSIGNED, RequestKind.GET)
        if self._is_withheld():
            return unsigned
        return (
            *unsigned,
            RequestKind.LARGE_BODY,
            *((RequestKind.KEY_METADATA,) if self._client.key_id else ()),
        )


def _answer_of(measurement: Measurement) -> _Answer:
    if measurement.failure is not None:
        return _Answer.NONE
    phases_s = measurement.phases_s
    total_s = sum(phases_s[phase] for phase in phases_s if phase is not Phase.RESOLVE)
    return _Answer.LATE if total_s > CALL_LIMIT_S else _Answer.IN_TIME


async def measure(
    target: Target, client: Client, network: Network, timeout_s: float
) -> tuple[Measurement, ...]:
    """A complete first run."""
    found: list[Measurement] = []
    await HealthProbe(client, network).measure(target, timeout_s, found.append)
    return tuple(found)

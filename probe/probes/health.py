"""Which health requests a proxy is sent when: as many as a verdict needs, and those that look odd rarely.

The first visit to a target, and one whose answer is of another kind than that of the visit before, takes as
many cold exchanges as decide about 250 ms; any other takes one, and one over the same connection. Requests
that no KMS makes (unsigned, GET, a large body) may trip intrusion detection: they go out at first, and every
six hours.
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

COLD_EXCHANGES = 5  # contracts, rules of judgement: at least


class _Answer(Enum):
    """What kind of answer the last health request got."""

    IN_TIME = auto()
    LATE = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """Of the visit before: its last answer, and when the odd requests go out next (monotonic)."""

    answer: _Answer
    conformance_due_s: float


class HealthProbe:
    """Asks targets of one key store for their health, again and again."""

    def __init__(self, client: Client, network: Network) -> None:
        self._client, self._network = client, network
        self._memories: dict[Identity, _Memory] = {}

    def sync(self, client: Client, identities: Collection[Identity]) -> None:
        """How to ask from now on. All other targets are forgotten: one that comes back begins anew."""
        self._client = client
        self._memories = {each: kept for each, kept in self._memories.items() if each in identities}

    async def measure(self, target: Target, timeout_s: float, publish: Publish) -> None:
        """One visit, within ``timeout_s``: cold exchanges, a warm one, and those about conformance if due.

        After two without an answer in a row the rest is not tried: it would only say the same. Nor is one
        begun for which so little time is left that our own deadline, not the proxy, would end it.
        """
        memory, now_s = self._memories.get(target.identity), self._network.clock.monotonic_ns() / 1e9
        due_s = memory.conformance_due_s if memory else now_s
        was_silent = memory is not None and memory.answer is _Answer.NONE
        visit = _Round(target, self._client, self._network, timeout_s, publish, was_silent=was_silent)
        await visit.health(memory)
        if now_s >= due_s and not visit.is_silent:  # of a silent proxy they would only say the same
            were_answered = await visit.conformance()
            due_s = now_s + (CONFORMANCE_INTERVAL_S if were_answered else CONFORMANCE_RETRY_S)
        self._memories[target.identity] = _Memory(answer=visit.answer, conformance_due_s=due_s)


class _Round:
    """All that is asked of one target at one time."""

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
        self._least_s = min(MIN_S, timeout_s / 2)
        self._found: list[Measurement] = []
        self._was_silent = was_silent

    @property
    def answer(self) -> _Answer:
        """Of the newest cold exchange; there is one once `health` has begun."""
        return _answer_of([each for each in self._found if each.check is Check.HEALTH_COLD][-1])

    @property
    def is_silent(self) -> bool:
        """Two in a row had no answer; the one before the first was of the visit before."""
        unanswered = [self._was_silent, *(each.failure is not None for each in self._found)]
        return len(self._found) > 0 and all(unanswered[-2:])

    async def health(self, memory: _Memory | None) -> None:
        """As many cold exchanges as the memory of the visit before asks for."""
        number = 0
        while number == 0 or self._goes_on(memory, number):
            number += 1
            is_last = number == (COLD_EXCHANGES if memory is None else 1)
            await self._connection().requests(RequestKind.HEALTH, self._note, warm_too=is_last)

    def _goes_on(self, memory: _Memory | None, number: int) -> bool:
        if number >= COLD_EXCHANGES or not self._has_time() or self.is_silent or self._is_withheld():
            return False
        return memory is None or number > 1 or self.answer is not memory.answer

    async def conformance(self) -> bool:
        """Requests that no KMS makes, and that for a key's metadata; whether each was sent and answered."""
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
        return self._deadline.remaining_s() >= self._least_s

    def _is_withheld(self) -> bool:
        found = (each.details for each in self._found)
        return any(isinstance(details, HealthDetails) and details.withheld for details in found)

    def _others(self) -> tuple[RequestKind, ...]:
        """What bears no signature, and what does if it may be sent."""
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
    """A first visit, whole."""
    found: list[Measurement] = []
    await HealthProbe(client, network).measure(target, timeout_s, found.append)
    return tuple(found)

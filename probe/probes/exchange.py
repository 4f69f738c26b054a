"""The common part of single-exchange probes: start, name resolution, phases, deadline, Measurement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probe.model.measurements import Details, Failure, Measurement, Phase, Reason, Timestamps
from probe.model.targets import Check, Target
from probe.network import ExchangeFailed, Network
from probe.network.clock import Deadline
from probe.wire.hostport import is_ipv4


class Exchange:
    """One probe run in progress; ``measurement`` returns its result."""

    def __init__(self, target: Target, check: Check, network: Network, timeout_s: float) -> None:
        self.target = target
        self.network = network
        self.address: str | None = None
        self.phases_s: dict[Phase, float] = {}
        self.timestamps: Timestamps | None = None
        self.failure: Failure | None = None
        self.details: Details | None = None
        self._check = check
        self._started_at_s = network.clock.now_s()
        self._deadline = Deadline(network.clock, timeout_s)

    def remaining_s(self) -> float:
        return self._deadline.remaining_s()

    def leave_out(self, own_s: float, *, limit_s: float) -> None:
        """Move the deadline by time that was not the network's; at most ``limit_s`` are then left."""
        self._deadline = Deadline(self.network.clock, min(self.remaining_s() + own_s, limit_s))

    async def resolve(self) -> str:
        """The address to probe. An IPv4 address has no resolve phase; a name's uses the user-space clock."""
        if is_ipv4(self.target.host):
            self.address = self.target.host
            return self.address
        clock = self.network.clock
        started_ns = clock.monotonic_ns()
        self.address = await self.network.resolve(self.target.host, timeout_s=self.remaining_s())
        self.phases_s[Phase.RESOLVE] = (clock.monotonic_ns() - started_ns) / 1e9
        return self.address

    @asynccontextmanager
    async def ending(self) -> AsyncIterator[None]:
        """A network failure in the block becomes the failure of the measurement."""
        try:
            yield
        except ExchangeFailed as failed:
            self.failure = failed.failure

    @property
    def _was_stalled(self) -> bool:
        """Whether it timed out because nothing was read in time, although something may have arrived."""
        timed_out = self.failure is not None and self.failure.reason is Reason.TIMED_OUT
        return timed_out and self._deadline.passed_unnoticed()

    def measurement(self) -> Measurement:
        return Measurement(
            target=self.target,
            check=self._check,
            started_at_s=self._started_at_s,
            address=self.address,
            phases_s=self.phases_s,
            timestamps=self.timestamps,
            failure=self.failure,
            details=self.details,
            was_stalled=self._was_stalled,
        )

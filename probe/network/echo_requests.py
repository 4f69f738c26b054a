"""The echo requests of one engine, stored in columns with a slot for each of the 65,536 sequence numbers.

Each request has a counter that only increases; its sequence number is the counter's low 16 bits. A slot is
reused only after its request has ended. Until then, and for a minute after the timeout, late and duplicate
replies are recognised.
"""

from collections.abc import Sequence

from probe.network.clock import Moment

SEQUENCES = 1 << 16
REMEMBERED_NS = 60_000_000_000
NOT_STAMPED = -1

# The state of the request in a slot.
NONE, OUTSTANDING, ANSWERED, ENDED = range(4)


class Requests:
    """The columns, indexed by sequence number.

    ``indexes`` are target indexes, ``sent_ns`` is Unix time or `NOT_STAMPED`, and ``replies`` has the exact
    expected reply, empty once the request has ended.
    """

    __slots__ = (
        "_last", "_oldest", "counters", "indexes", "opened", "outstanding", "replies", "sent_ns", "states",
    )  # fmt: skip

    def __init__(self) -> None:
        self.states = bytearray(SEQUENCES)
        self.counters = [0] * SEQUENCES
        self.indexes = [0] * SEQUENCES
        self.opened = [Moment(monotonic_ns=0, offset_ns=0)] * SEQUENCES
        self.sent_ns = [NOT_STAMPED] * SEQUENCES
        self.replies = [b""] * SEQUENCES
        self.outstanding = 0
        self._last = 0  # counters begin at 1
        self._oldest = 1

    def open(self, indexes: Sequence[int], opened: Moment) -> list[int]:
        """Opens requests and returns their counters, fewer than ``indexes`` if sequence numbers run out."""
        counters: list[int] = []
        states, counter = self.states, self._last
        for index in indexes[: SEQUENCES - self.outstanding]:
            counter += 1
            while states[counter % SEQUENCES] == OUTSTANDING:
                counter += 1
            sequence = counter % SEQUENCES
            states[sequence] = OUTSTANDING
            self.counters[sequence] = counter
            self.indexes[sequence] = index
            self.opened[sequence] = opened
            self.sent_ns[sequence] = NOT_STAMPED
            counters.append(counter)
        self._last = counter
        self.outstanding += len(counters)
        return counters

    def end(self, sequence: int, state: int) -> None:
        self.states[sequence] = state
        self.replies[sequence] = b""
        self.outstanding -= 1

    def oldest(self) -> int | None:
        """The sequence number of the oldest request in flight."""
        if not self.outstanding:
            return None
        # Visits each counter once; skipped counters, and those whose slot was reused, are not in flight.
        while not self._is_outstanding(self._oldest):
            self._oldest += 1
        return self._oldest % SEQUENCES

    def _is_outstanding(self, counter: int) -> bool:
        sequence = counter % SEQUENCES
        return self.states[sequence] == OUTSTANDING and self.counters[sequence] == counter

    def is_known(self, sequence: int, now_ns: int, timeout_ns: int) -> bool:
        """Whether the request is in flight, or ended recently enough to recognise its replies."""
        state = self.states[sequence]
        return state == OUTSTANDING or (
            state != NONE and now_ns < self.opened[sequence].monotonic_ns + timeout_ns + REMEMBERED_NS
        )

"""A cache for results about untrusted bytes, such as certificates: bounded in entries and in bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps at most ``max_entries`` values of at most ``max_bytes`` in total, the most recently used ones.

    May be used by several threads. A value that two of them make at the same time is made twice.
    """

    def __init__(self, *, max_entries: int, max_bytes: int) -> None:
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._used_bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    def get(self, key: K) -> V | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: K, value: V, size_bytes: int) -> None:
        """Keep ``value``, unless it is larger than the whole cache; drop what was used longest ago."""
        with self._lock:
            self._drop(key)
            if size_bytes > self._max_bytes:
                return
            self._entries[key] = value, size_bytes
            self._used_bytes += size_bytes
            while len(self._entries) > self._max_entries or self._used_bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._used_bytes = 0

    def _drop(self, key: K) -> None:
        dropped = self._entries.pop(key, None)
        if dropped is not None:
            self._used_bytes -= dropped[1]

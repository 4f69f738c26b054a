"""The cache keeps what was used last, within its limits."""

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.bounded_cache import BoundedCache


def cache_of(*keys: str, max_entries: int = 3, max_bytes: int = 100) -> BoundedCache[str, str]:
    """A cache with an entry of 10 bytes for each key."""
    cache: BoundedCache[str, str] = BoundedCache(max_entries=max_entries, max_bytes=max_bytes)
    for key in keys:
        cache.put(key, key.upper(), 10)
    return cache


def test_a_value_is_found_by_an_equal_key_and_by_no_other() -> None:
    cache = cache_of("a")
    assert cache.get("a") == "A"
    assert cache.get("b") is None


def test_the_last_value_of_a_key_counts_once() -> None:
    cache = cache_of("a")
    cache.put("a", "new", 30)
    assert (cache.get("a"), len(cache), cache.used_bytes) == ("new", 1, 30)


@pytest.mark.parametrize(
    ("max_entries", "kept"), [(1, ["c"]), (2, ["b", "c"]), (3, ["a", "b", "c"]), (4, ["a", "b", "c"])]
)
def test_beyond_the_number_of_entries_the_oldest_are_dropped(max_entries: int, kept: list[str]) -> None:
    cache = cache_of("a", "b", "c", max_entries=max_entries)
    assert [key for key in "abc" if cache.get(key)] == kept


@pytest.mark.parametrize(
    ("max_bytes", "kept"), [(19, ["c"]), (20, ["b", "c"]), (29, ["b", "c"]), (30, ["a", "b", "c"])]
)
def test_beyond_the_number_of_bytes_the_oldest_are_dropped(max_bytes: int, kept: list[str]) -> None:
    cache = cache_of("a", "b", "c", max_bytes=max_bytes)
    assert [key for key in "abc" if cache.get(key)] == kept
    assert cache.used_bytes == 10 * len(kept)


def test_a_value_that_was_used_is_not_the_oldest() -> None:
    cache = cache_of("a", "b", "c")
    cache.get("a")
    cache.put("d", "D", 10)
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]


@pytest.mark.parametrize(("size_bytes", "kept"), [(100, True), (101, False)])
def test_a_value_larger_than_the_cache_is_not_kept_and_drops_no_other(size_bytes: int, *, kept: bool) -> None:
    cache = cache_of("a")
    cache.put("large", "LARGE", size_bytes)
    assert cache.get("large") == ("LARGE" if kept else None)
    assert cache.get("a") == (None if kept else "A")


def test_a_cleared_cache_is_empty() -> None:
    cache = cache_of("a")
    cache.clear()
    assert (cache.get("a"), len(cache), cache.used_bytes) == (None, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60))))
def test_the_limits_are_never_exceeded(puts: list[tuple[int, int]]) -> None:
    cache: BoundedCache[int, int] = BoundedCache(max_entries=4, max_bytes=100)
    sizes: dict[int, int] = {}
    for key, size_bytes in puts:
        cache.put(key, size_bytes, size_bytes)
        sizes[key] = size_bytes
        kept = [each for each in sizes if cache.get(each) is not None]
        assert len(cache) == len(kept) <= 4
        assert cache.used_bytes == sum(sizes[each] for each in kept) <= 100


def test_threads_may_share_a_cache() -> None:
    cache: BoundedCache[int, int] = BoundedCache(max_entries=5, max_bytes=50)

    def use() -> None:
        for number in range(2000):
            cache.put(number % 9, number, 10)
            cache.get(number % 7)

    threads = [Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(cache), cache.used_bytes) == (5, 50)

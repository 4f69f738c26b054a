"""The ring buffer keeps the newest round trips, in the order in which they were sent."""

from math import nan

from hypothesis import given
from hypothesis import strategies as st

from probe.agent.ring import Ring


def test_the_oldest_round_trips_are_dropped_when_all_slots_are_used() -> None:
    ring = Ring(3)
    for number in range(5):
        ring.append(float(number), number / 10)
    assert ring.since(0.0) == [(2.0, 0.2), (3.0, 0.3), (4.0, 0.4)]
    assert ring.since(3.0) == [(3.0, 0.3), (4.0, 0.4)]


def test_a_lost_round_trip_is_none_and_ordered_by_its_send_time() -> None:
    ring = Ring(8)
    for time_s, rtt_s in ((1.0, 0.1), (3.0, 0.3), (2.0, nan)):
        ring.append(time_s, rtt_s)
    assert ring.since(0.0) == [(1.0, 0.1), (2.0, None), (3.0, 0.3)]


@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 20), st.integers(1, 40))
def test_last_and_resized_keep_the_newest_round_trips(slots: int, count: int, n: int, resized: int) -> None:
    ring = Ring(slots)
    for number in range(count):
        ring.append(float(number), number / 100)
    assert ring.last(n) == ring.since(0.0)[-n:]
    assert ring.resized(resized).since(0.0) == ring.since(0.0)[-resized:]

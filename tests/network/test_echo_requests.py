"""Slots for requests: a slot is not reused while its request is in flight; the oldest request is always known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.network.clock import Moment
from probe.network.echo_requests import ANSWERED, ENDED, REMEMBERED_NS, SEQUENCES, Requests

TIMEOUT_NS = 2_000_000_000


def at(monotonic_ns: int) -> Moment:
    return Moment(monotonic_ns=monotonic_ns, offset_ns=0)


def test_counters_start_at_one_and_only_increase() -> None:
    requests = Requests()
    assert requests.open([0, 5, 0], at(0)) == [1, 2, 3]
    requests.end(2, ANSWERED)
    assert requests.open([0], at(0)) == [4]
    assert requests.indexes[1:5] == [0, 5, 0, 0]


def test_a_slot_in_flight_is_skipped() -> None:
    requests = Requests()
    requests.open([7], at(0))
    for counter in requests.open([0] * (SEQUENCES - 1), at(0)):
        requests.end(counter % SEQUENCES, ENDED)

    assert requests.open([8], at(1)) == [SEQUENCES + 2]  # the slot of SEQUENCES + 1 is still used by 1
    assert requests.indexes[1] == 7


@pytest.mark.parametrize(("taken", "left"), [(SEQUENCES - 2, 2), (SEQUENCES - 1, 1), (SEQUENCES, 0)])
def test_there_is_one_request_per_sequence_number(taken: int, left: int) -> None:
    requests = Requests()
    requests.open([0] * taken, at(0))
    assert len(requests.open([0, 0], at(0))) == left
    assert requests.outstanding == SEQUENCES


@given(st.lists(st.integers(0, 30), max_size=60))
def test_the_oldest_request_in_flight_is_known_after_any_requests_ended(ends: list[int]) -> None:
    requests = Requests()
    in_flight: list[int] = []
    for end in ends:
        in_flight += requests.open([0], at(0))
        if end < len(in_flight):
            requests.end(in_flight.pop(end) % SEQUENCES, ENDED)
        assert requests.oldest() == (in_flight[0] if in_flight else None)


@pytest.mark.parametrize(("after_ns", "known"), [(-1, True), (0, False)])
def test_an_ended_request_is_known_for_a_minute_after_its_deadline(after_ns: int, known: bool) -> None:
    requests = Requests()
    requests.open([0], at(5))
    far_ns = 5 + TIMEOUT_NS + REMEMBERED_NS + after_ns
    assert requests.is_known(1, far_ns, TIMEOUT_NS)  # in flight, however long that takes
    requests.end(1, ENDED)
    assert requests.is_known(1, far_ns, TIMEOUT_NS) is known
    assert not requests.is_known(2, 0, TIMEOUT_NS)

"""Running blocking calls in parallel: order, deadline, and exceptions."""

import threading
import time

import pytest

from probe.aws.thread_batch import MAX_CONCURRENT_CALLS, ThreadBatch


def test_results_are_in_the_order_of_the_calls() -> None:
    calls = [lambda _left_s, n=n: n for n in range(50)]
    assert ThreadBatch(5.0).run(calls, [-1] * 50) == list(range(50))


def test_the_number_of_concurrent_calls_is_limited() -> None:
    lock, running, maximum = threading.Lock(), 0, 0
    gate = threading.Barrier(MAX_CONCURRENT_CALLS)

    def call(_left_s: float) -> int:
        nonlocal running, maximum
        with lock:
            running += 1
            maximum = max(maximum, running)
        gate.wait(5)
        with lock:
            running -= 1
        return 1

    count = 2 * MAX_CONCURRENT_CALLS
    assert ThreadBatch(5.0).run([call] * count, [0] * count) == [1] * count
    assert maximum == MAX_CONCURRENT_CALLS


def test_a_late_result_is_replaced_and_not_waited_for() -> None:
    never = threading.Event()
    started_s = time.monotonic()
    answers = ThreadBatch(0.1).run(
        [lambda _: "here", lambda _: str(never.wait(30))], ["on_timeout", "on_timeout"]
    )
    assert answers == ["here", "on_timeout"]
    assert time.monotonic() - started_s < 25.0
    never.set()


def test_an_exception_in_a_call_is_raised() -> None:
    def broken(_left_s: float) -> int:
        raise KeyError("oops")

    with pytest.raises(KeyError, match="oops"):
        ThreadBatch(5.0).run([broken], [0])


def test_no_call_is_started_after_the_deadline() -> None:
    batch = ThreadBatch(0.0)
    assert batch.run([lambda _: "result"], ["on_timeout"]) == ["on_timeout"]

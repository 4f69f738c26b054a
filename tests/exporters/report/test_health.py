"""The time budget of a call as a bar: proportions, values over the limit."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.evidence import NOW_S

from exporters.report import health
from probe.model.measurements import Failure, HealthDetails, Measurement, Phase, Reason
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import Report

TARGET = Target(name="node", role=Role.NODE, host="10.0.0.1")


def exchange(check: Check = Check.HEALTH_COLD, purpose: str = "health", **phases_s: float) -> Measurement:
    return Measurement(
        target=TARGET,
        check=check,
        started_at_s=NOW_S,
        phases_s={Phase(name): duration_s for name, duration_s in phases_s.items()},
        details=HealthDetails(purpose=purpose, status=200),
    )


def drawn(*measured: Measurement, width: int = 100) -> str:
    console = Console(width=width, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(health.budget(measured))
    return captured.get()


@pytest.mark.parametrize(
    ("wait_s", "cells", "end"),
    [(0.125, 20, "▏"), (0.25, 40, "▏"), (0.2501, 40, "▶"), (0.0001, 1, "▏"), (9.0, 40, "▶")],
)
def test_the_length_of_a_bar_is_proportional(wait_s: float, cells: int, end: str) -> None:
    text = drawn(exchange(wait=wait_s))
    assert text.count("█") == cells
    assert end in text


def test_the_median_of_each_phase_is_shown_cold_and_warm() -> None:
    text = drawn(
        exchange(connect=0.010, wait=0.05),
        exchange(connect=0.020, wait=0.05),
        exchange(connect=0.090, wait=0.05),
        exchange(Check.HEALTH_WARM, wait=0.04),
    )
    assert "70.0 of 250 ms" in text
    assert "40.0 of 250 ms" in text
    assert "connect 20.0" in text


def test_only_health_requests_count_and_name_resolution_does_not() -> None:
    assert health.budget([exchange(purpose="get", wait=0.1)]) is None
    assert health.total_s(exchange(resolve=1.0, wait=0.1)) == pytest.approx(0.1)


@pytest.mark.parametrize("width", [70, 100, 160])
def test_it_fits(width: int) -> None:
    assert all(
        len(line) <= width
        for line in drawn(
            exchange(connect=0.01, handshake=0.02, wait=0.05, receive=0.001), width=width
        ).splitlines()
    )


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        ([True], "did not answer: refused in connect"),
        ([True, True], "did not answer: refused in connect"),
        ([False, True], "Nothing could be evaluated"),
        ([True, False], "Nothing could be evaluated"),
        ([False], "Nothing could be evaluated"),
    ],
)
def test_no_answer_is_reported_only_if_the_proxy_answered_no_request(failed: list[bool], text: str) -> None:
    refused = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)
    measured = [replace(exchange(), failure=refused if each else None) for each in failed]
    console = Console(width=100, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(health.render(measured, Report(taken_at_s=NOW_S)))
    assert text in captured.get()


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        (Phase.SEND, "The proxy did not answer: closed in send."),
        (Phase.WAIT, "The proxy did not answer: closed in wait."),
        (Phase.RECEIVE, "The answer could not be read: closed in receive."),
    ],
)
def test_an_answer_that_could_not_be_read_is_not_called_no_answer(phase: Phase, text: str) -> None:
    cut = replace(exchange(), failure=Failure(phase=phase, reason=Reason.CLOSED))
    console = Console(width=100, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(health.render([cut], Report(taken_at_s=NOW_S)))
    assert text in captured.get()

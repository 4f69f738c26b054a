"""What is kept of one target."""

from dataclasses import replace

from support.reports.exporter_inputs import NOW_S, SILENT, asked, certificate, health, tcp, tls

from exporters.health import LatestHealth
from exporters.web.memory import Memory
from probe.model.targets import Check


def test_requests_that_are_not_for_health_leave_no_trace() -> None:
    memory = Memory(asked())
    memory.measured(health(asked(), 405, purpose="get"))
    assert (memory.attempts, memory.health) == ({}, LatestHealth())


def test_withheld_requests_take_the_attempts_before_them_along() -> None:
    memory = Memory(asked())
    for measurement in (tcp(asked()), health(asked()), health(asked(), check=Check.HEALTH_WARM)):
        memory.measured(measurement)
    assert set(memory.attempts) == {Check.TCP, Check.HEALTH_COLD, Check.HEALTH_WARM}
    memory.measured(health(asked(), None, NOW_S + 60, withheld="common-name-matches"))
    assert set(memory.attempts) == {Check.TCP}
    assert memory.health == LatestHealth(withheld="common-name-matches")


def test_what_is_of_checks_that_a_target_no_longer_has_goes_and_the_rest_stays() -> None:
    memory = Memory(asked())
    for measurement in (
        tcp(asked(), None),
        tls(asked(), certificate()),
        health(asked(), None, failure=SILENT),
    ):
        memory.measured(measurement)
    memory.become(replace(asked(), plans=asked().plans[:2]))
    assert set(memory.attempts) == set(memory.failures) == {Check.TCP}
    assert (memory.tls, memory.health) == (None, LatestHealth())


def test_under_another_label_everything_stays() -> None:
    memory = Memory(asked())
    for measurement in (tls(asked(), certificate()), health(asked())):
        memory.measured(measurement)
    memory.become(asked("renamed", zone="elsewhere"))
    assert set(memory.attempts) == {Check.TLS, Check.HEALTH_COLD}
    assert memory.tls is not None
    assert memory.health.managers

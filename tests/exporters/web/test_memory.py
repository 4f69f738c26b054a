"""The state that the page keeps per target."""

from dataclasses import replace

from support.reports.exporter_inputs import NOW_S, SILENT, asked, certificate, health, tcp, tls

from exporters.health import LatestHealth
from exporters.web.memory import Memory
from probe.model.targets import Check


def test_conduct_tests_do_not_change_the_state() -> None:
    memory = Memory(asked())
    memory.measured(health(asked(), 405, purpose="get"))
    assert (memory.attempts, memory.health) == ({}, LatestHealth())


def test_a_withheld_request_removes_earlier_attempts() -> None:
    memory = Memory(asked())
    for measurement in (tcp(asked()), health(asked()), health(asked(), check=Check.HEALTH_WARM)):
        memory.measured(measurement)
    assert set(memory.attempts) == {Check.TCP, Check.HEALTH_COLD, Check.HEALTH_WARM}
    memory.measured(health(asked(), None, NOW_S + 60, withheld="common-name-matches"))
    assert set(memory.attempts) == {Check.TCP}
    assert memory.health == LatestHealth(withheld="common-name-matches")


def test_results_of_removed_checks_are_dropped_and_others_stay() -> None:
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


def test_a_new_label_keeps_all_results() -> None:
    memory = Memory(asked())
    for measurement in (tls(asked(), certificate()), health(asked())):
        memory.measured(measurement)
    memory.become(asked("renamed", zone="elsewhere"))
    assert set(memory.attempts) == {Check.TLS, Check.HEALTH_COLD}
    assert memory.tls is not None
    assert memory.health.managers

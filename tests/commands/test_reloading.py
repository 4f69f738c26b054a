"""What a reload says: in the log, in the metrics, and on the page."""

import pytest
from structlog.testing import capture_logs

from exporters.prometheus import PrometheusSink
from exporters.web.page import PageSink
from probe.agent.reload import Loaded
from probe.commands.reloading import MAX_LOGGED, say
from probe.model.settings import ReloadResult, Settings
from probe.model.targets import Role, Target

LOADED = Loaded(settings=Settings(targets=(Target(name="one", role=Role.NODE, host="10.0.0.1"),)))


class World:
    def __init__(self) -> None:
        self.sink, self.page = PrometheusSink("1.0"), PageSink()

    def say(self, result: ReloadResult, loaded: Loaded | None) -> None:
        say(result, loaded, self.sink, self.page)

    def is_successful(self) -> float | None:
        return self.sink.registry.get_sample_value("xksprobe_config_last_reload_successful")


def test_a_success_is_logged_and_ends_the_notice_of_an_earlier_failure() -> None:
    world = World()
    with capture_logs() as logs:
        world.say(ReloadResult(errors=("a: bad",)), None)
        world.say(ReloadResult(after_restart=("listen",)), LOADED)
    assert [each["event"] for each in logs] == [
        "configuration not reloaded, the previous one stays in use",
        "configuration reloaded",
    ]
    assert logs[1]["targets"] == 1
    assert logs[1]["after_restart"] == ["listen"]
    assert world.is_successful() == 1
    assert world.page.snapshot().refused is None


@pytest.mark.parametrize("count", [1, MAX_LOGGED, MAX_LOGGED + 1, 5000])
def test_a_failure_logs_a_bounded_number_of_cleaned_errors(count: int) -> None:
    world = World()
    errors = tuple(f"{number}: bad\x1b[2J" + "x" * 5000 for number in range(count))
    with capture_logs() as logs:
        world.say(ReloadResult(errors=errors), None)
    (entry,) = logs
    assert entry["log_level"] == "error"
    assert len(entry["errors"]) == min(count, MAX_LOGGED + 1)
    assert all(len(line) <= 310 and "\x1b" not in line for line in entry["errors"])
    assert world.is_successful() == 0
    refused = world.page.snapshot().refused
    assert refused is not None
    assert refused.errors == errors

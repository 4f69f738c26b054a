"""`xks-probe run`: a page on loopback only, and a clean end within two seconds of a signal."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.pace import slowdown
from support.run_process import CONFIGURATION, fetch, free_port, running

from probe.commands import app
from probe.commands.exits import Exit


@pytest.mark.loopback
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_agent_serves_and_ends_with_status_0_within_two_seconds_of_a_signal(
    number: int, tmp_path: Path
) -> None:
    file, listen = tmp_path / "x.yaml", free_port()
    with socket.create_server(("127.0.0.1", 0)) as target:
        file.write_text(
            CONFIGURATION.replace("PORT", str(target.getsockname()[1])).replace("LISTEN", str(listen))
        )
        with running(file) as process:
            assert fetch(listen, "/-/ready")
            metrics = fetch(listen, "/metrics")
            assert "xksprobe_target_info{" in metrics
            assert 'xksprobe_probes_total{check="tcp",target="here"}' in metrics
            before = slowdown()
            sent_s = time.monotonic()
            process.send_signal(number)
            assert process.wait(timeout=250) == Exit.FINE
            took_s = time.monotonic() - sent_s
            assert took_s < 2.0 * max(before, slowdown())


@pytest.mark.loopback
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP])
def test_another_signal_does_not_end_the_agent_from_its_start_on(number: int, tmp_path: Path) -> None:
    """SIGHUP loads the configuration again."""
    file, listen = tmp_path / "x.yaml", free_port()
    file.write_text(CONFIGURATION.replace("PORT", "9").replace("LISTEN", str(listen)))
    with running(file) as process:
        wait_until_ignored(process, number)
        process.send_signal(number)
        assert fetch(listen, "/-/healthy")
        process.send_signal(number)
        assert fetch(listen, "/-/healthy")
        assert process.poll() is None


def wait_until_ignored(process: subprocess.Popen[str], number: int) -> None:
    """Wait until the program no longer dies of the signal, soon after Python has started."""
    status, deadline_s = Path(f"/proc/{process.pid}/status"), time.monotonic() + 100
    while not signals_of(status, "SigIgn") >> (number - 1) & 1:
        assert process.poll() is None, "the program ended before the signal"
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def signals_of(status: Path, kind: str) -> int:
    """The mask of ``kind`` in /proc/PID/status, see proc(5)."""
    (line,) = [each for each in status.read_text().splitlines() if each.startswith(f"{kind}:")]
    return int(line.partition("\t")[2], 16)


@pytest.mark.parametrize(
    ("listen", "words"),
    [("0.0.0.0:9911", "--web.allow-unauthenticated"), ("192.0.2.1:9911", "--web.allow-unauthenticated")],
)
def test_a_page_that_other_machines_can_reach_must_be_allowed_explicitly(
    listen: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(CONFIGURATION.replace("PORT", "443").replace("127.0.0.1:LISTEN", listen))
    assert app.run(["run", "-c", str(file)]) == Exit.USAGE
    assert words in capsys.readouterr().err


@pytest.mark.loopback
def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        file.write_text(CONFIGURATION.replace("PORT", "443").replace("LISTEN", port))
        assert app.run(["run", "-c", str(file)]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert "Address already in use" in stderr
    assert stderr.count("\n") == 1


def post(port: int, path: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=250) as response:  # noqa: S310 - the URL above is http
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


@dataclass
class Reloading:
    """A running agent and its configuration file, which has one target or more."""

    file: Path
    target_port: int
    listen: int
    process: subprocess.Popen[str]

    def write(self, *names: str, more: str = "") -> None:
        """Replace the file, as an editor does."""
        backends = ", ".join(
            f"{{name: {name}, address: 127.0.0.{index}, port: {self.target_port}, checks: [tcp]}}"
            for index, name in enumerate(names, 1)
        )
        text = CONFIGURATION.replace(CONFIGURATION.splitlines()[1], f"backends: [{backends}]{more}")
        new = self.file.with_suffix(".new")
        new.write_text(text.replace("LISTEN", str(self.listen)))
        new.replace(self.file)

    def metric(self, name: str) -> float | None:
        lines = (line.split() for line in fetch(self.listen, "/metrics").splitlines())
        return next((float(words[1]) for words in lines if words[0] == name), None)

    def has_targets(self, *names: str) -> bool:
        metrics = fetch(self.listen, "/metrics")
        listed = set(re.findall(r'xksprobe_target_info{[^}]*target="([^"]*)"', metrics))
        return listed == set(names)

    def probes(self) -> float:
        return self.metric('xksprobe_probes_total{check="tcp",target="one"}') or 0.0


@pytest.fixture
def reloading(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reloading]:
    file, listen = tmp_path / "x.yaml", free_port()
    with socket.create_server(("0.0.0.0", 0)) as target:
        made = Reloading(file, target.getsockname()[1], listen, None)  # type: ignore[arg-type]
        made.write("one")
        with running(file, *request.param) as made.process:
            assert fetch(listen, "/-/ready")
            yield made


OK = "xksprobe_config_last_reload_successful"


@pytest.mark.loopback
@pytest.mark.parametrize("reloading", [()], indirect=True)
def test_sighup_adds_and_removes_targets_and_unchanged_ones_keep_their_counters(reloading: Reloading) -> None:
    wait_for(lambda: reloading.probes() > 0)
    before = reloading.probes()
    reloading.write("one", "two")
    reloading.process.send_signal(signal.SIGHUP)
    wait_for(lambda: reloading.has_targets("one", "two"))
    assert reloading.probes() >= before
    reloading.write("one")
    reloading.process.send_signal(signal.SIGHUP)
    wait_for(lambda: reloading.has_targets("one"))
    assert reloading.probes() >= before
    assert reloading.metric(OK) == 1
    assert post(reloading.listen, "/-/reload")[0] == 403


@pytest.mark.loopback
@pytest.mark.parametrize("reloading", [("--web.enable-lifecycle",)], indirect=True)
def test_a_bad_file_is_refused_in_answer_metric_page_and_log_and_the_old_settings_stay(
    reloading: Reloading,
) -> None:
    reloading.write("one", "two", more="\nnonsense: 1")
    status, text = post(reloading.listen, "/-/reload")
    assert status == 500
    assert "nonsense" in text
    assert reloading.has_targets("one")
    assert reloading.metric(OK) == 0
    page = fetch(reloading.listen, "/")
    assert "The configuration was not reloaded" in page
    assert "nonsense" in page
    reloading.write("one", "two")
    assert post(reloading.listen, "/-/reload") == (200, "Reloaded\n")
    assert reloading.has_targets("one", "two")
    assert reloading.metric(OK) == 1
    assert "The configuration was not reloaded" not in fetch(reloading.listen, "/")
    reloading.process.send_signal(signal.SIGTERM)
    _, log = reloading.process.communicate(timeout=250)
    events = [json.loads(line) for line in log.splitlines()]
    (refused,) = [each for each in events if each["event"].startswith("configuration not reloaded")]
    assert "nonsense" in refused["errors"][0]


@pytest.mark.loopback
@pytest.mark.parametrize("reloading", [("--auto-reload",)], indirect=True)
def test_a_watched_file_is_reloaded_when_it_is_replaced(reloading: Reloading) -> None:
    reloading.write("one", "two")
    wait_for(lambda: reloading.has_targets("one", "two"))

"""Records ten minutes of scrapes of a healthy agent for `tools/healthy_day.py`: only series that the alert rules use.

``make recording`` writes the recording, or ``python -m support.network.healthy_recording FILE`` in the folder tests.
It takes twelve minutes; use a machine that does nothing else, because one that is busy is not healthy. If other
programs run, ``nice -n -15`` (root) before the command keeps them from disturbing it.
"""

import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from support.network.observed_agent import RULES
from support.network.prometheus_server import wait_for
from support.network.running_agent import RunningAgent, Sample
from support.preflight.cases import Case
from support.preflight.playing import environment, open_simulation, prepare

from tools.healthy_day import INTERVAL_S, SCRAPES, notation

HEALTHY = Case(name="healthy", expect={}, exists=True)
# The agent's own defaults, instead of the simulation's short times.
DEFAULTS = ("intervals", "timeouts", "report_interval", "threshold")
SETTLED_S = 30.0  # several reports
_SELECTOR = re.compile(r"(?<![:\w])xksprobe_([a-z_0-9]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-z_]+)\s*(=~|!=|=)\s*"([^"]*)"')
_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
Selector = tuple[str, tuple[tuple[str, str, str], ...]]


def selectors() -> set[Selector]:
    """The metrics of the agent that the rules select, each with its label matchers; Prometheus adds the job."""
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    found = (match for rule in rules for match in _SELECTOR.finditer(rule["expr"]))
    return {
        (name, tuple(each for each in _MATCHER.findall(matchers or "") if each[0] != "job"))
        for name, matchers in (match.groups() for match in found)
    }


def is_selected(sample: Sample, by: Iterable[Selector]) -> bool:
    return any(name == sample.name and all(_fits(sample.labels, *each) for each in of) for name, of in by)


def _fits(labels: Mapping[str, str], label: str, operator: str, value: str) -> bool:
    has = labels.get(label, "")
    return {"=": has == value, "!=": has != value, "=~": re.fullmatch(value, has) is not None}[operator]


def series_of(sample: Sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
    return f"xksprobe_{sample.name}{{{labels}}}"


def sample_of(series: str) -> Sample:
    """The inverse of `series_of`, with a value that means nothing."""
    name, _, labels = series.removeprefix("xksprobe_").removesuffix("}").partition("{")
    return Sample(name, dict(_LABEL.findall(labels)), 0.0)


def lines_of(scrapes: Iterable[Iterable[Sample]], began_s: float) -> list[str]:
    """The lines of the recording; times count from ``began_s``."""
    used = selectors()
    rows = [
        {
            series_of(each): each.value - (began_s if each.name.endswith("_timestamp_seconds") else 0.0)
            for each in scrape
            if is_selected(each, used)
        }
        for scrape in scrapes
    ]
    names = sorted(set().union(*rows))
    return sorted(f"{notation([_rounded(row.get(name)) for row in rows])}\t{name}" for name in names)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def record(agent: RunningAgent) -> tuple[list[list[Sample]], float]:
    """A scrape every 15 s for ten minutes, and when the first one was made (Unix time)."""
    scrapes: list[list[Sample]] = []
    began_s, monotonic_s = time.time(), time.monotonic()
    for number in range(SCRAPES + 1):
        time.sleep(max(0.0, monotonic_s + number * INTERVAL_S - time.monotonic()))
        scrapes.append(agent.samples())
    return scrapes, began_s


def main(file: Path) -> None:
    with open_simulation() as simulation, tempfile.TemporaryDirectory() as folder:
        prepare(simulation, HEALTHY)
        settings = {key: value for key, value in simulation.configuration().items() if key not in DEFAULTS}
        program = Path(sys.executable).with_name("xks-probe")
        variables = environment(simulation, HEALTHY)
        with RunningAgent(
            simulation, program, Path(folder) / "xks-probe.yaml", settings, environment=variables
        ) as agent:
            wait_for("everything is met", lambda: not agent_unknown(agent))
            wait_for("no series is new", lambda: not new_series(agent))
            scrapes, began_s = record(agent)
    file.write_text("\n".join(lines_of(scrapes, began_s)) + "\n", "utf-8")


def agent_unknown(agent: RunningAgent) -> bool:
    """Whether something is not yet judged."""
    outcomes = [each for each in agent.samples() if each.name == "requirement_outcome" and each.value == 1.0]
    return not outcomes or any(each.labels["outcome"] in ("unknown", "violated") for each in outcomes)


def new_series(agent: RunningAgent) -> set[str]:
    """The series that appear within `SETTLED_S`; a slow check has none before it first ran."""
    before = set(map(series_of, agent.samples()))
    time.sleep(SETTLED_S)
    return set(map(series_of, agent.samples())) - before


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Preflight cases: a simulated network, what is wrong there, and what a preflight must find.

The cases are in ``tests/preflight_cases/*.yaml``: a sentence each, how its simulation differs from a healthy one, and
what the report must say. They are no scenarios: a scenario is a simulation of its own (``simulator/scenarios``).
``faults`` are of hosts (``*``: all proxies), ``account`` and ``records`` as scenario files of simulations have them,
``options`` change the command line (null: leave out). ``predict`` has every error that nothing masks, by
operation, with *maybe* where it is only possible; ``undecided`` has the operations of which too little is
known. What is not said in any of them must not be found. ``names`` are names of errors that are predicted, too:
as alternatives, or masked. A ``long`` case repeats what others show, and is played by ``make test-all``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from probe.requirements import CATALOGUE

_DIRECTORY = Path(__file__).parents[2] / "preflight_cases"
_KEYS = frozenset(
    {
        *("account", "exists", "options", "faults", "rtt", "records", "credential", "resolver"),
        *("expect", "predict", "names", "undecided", "long"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One preflight. ``expect`` has the outcomes of a requirement over all its subjects."""

    name: str
    expect: Mapping[str, frozenset[str]]
    predict: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    long: bool = False
    account: Mapping[str, Any] = field(default_factory=dict)
    exists: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rtt_s: Mapping[str, float] = field(default_factory=dict)
    records: Sequence[Mapping[str, Any]] | None = None
    credential: Mapping[str, str] | None = None
    resolver: bool = False

    def is_fine(self) -> bool:
        """Nothing but advice is violated or unknown."""
        wrong = {id_ for id_, of in self.expect.items() if of & {"violated", "unknown"}}
        return {each.published.level.value for each in CATALOGUE if each.id in wrong} <= {"advice"}


def subjects() -> tuple[str, ...]:
    """The files of cases."""
    return tuple(sorted(file.stem for file in _DIRECTORY.glob("*.yaml")))


def cases_about(subject: str) -> tuple[Case, ...]:
    """Those of one file, in its order."""
    document = yaml.safe_load((_DIRECTORY / f"{subject}.yaml").read_text("utf-8"))
    return tuple(_case(name, item) for name, item in document.items())


def load() -> tuple[Case, ...]:
    """All of them, in the order of their files."""
    return tuple(case for subject in subjects() for case in cases_about(subject))


def parametrized(subject: str) -> pytest.MarkDecorator:
    """A test for each case about a subject."""
    params = [
        pytest.param(case, id=case.name, marks=[pytest.mark.long] if case.long else [])
        for case in cases_about(subject)
    ]
    return pytest.mark.parametrize("case", params)


def _case(name: str, item: Mapping[str, Any]) -> Case:
    unknown = set(item) - _KEYS
    if unknown:
        raise ValueError(f"{name}: unknown {sorted(unknown)}")
    return Case(
        name=name,
        expect={key: frozenset(listed(value)) for key, value in item.get("expect", {}).items()},
        predict={key: frozenset(value) for key, value in item.get("predict", {}).items()},
        names=frozenset(item.get("names", ())),
        undecided=frozenset(item.get("undecided", ())),
        long=item.get("long", False),
        account=item.get("account", {}),
        exists=item.get("exists", False),
        options=item.get("options", {}),
        faults={host: listed(faults) for host, faults in item.get("faults", {}).items()},
        rtt_s=item.get("rtt", {}),
        records=item.get("records"),
        credential=item.get("credential"),
        resolver=item.get("resolver", False),
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

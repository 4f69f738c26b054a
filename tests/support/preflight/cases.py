"""Preflight cases: a simulated network with faults, and the findings that a preflight must report.

The cases are in ``tests/preflight_cases/*.yaml``. Each has a sentence as its name, the differences from a healthy
simulation, and the expected report. They are not scenarios, which are complete simulations (``simulator/scenarios``).

- ``faults``: by host (``*``: all proxies).
- ``account``, ``records``: in the format of scenario files.
- ``options``: changes to the command line (null: leave the option out).
- ``expect``: the outcomes of each requirement. Requirements that are not listed must not be violated.
- ``predict``: all unmasked errors by operation, with *maybe* before an error that is only possible.
- ``undecided``: the operations for which too little is known.
- ``names``: further error names in the prediction, as alternatives or masked.
- ``long``: the case repeats what others cover, and runs only with ``make test-all``.
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
    """One preflight. ``expect`` has the outcomes of each requirement over all its subjects."""

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

    def violated(self) -> set[str]:
        return {id_ for id_, of in self.expect.items() if "violated" in of}

    def expects_success(self) -> bool:
        """Only advice is violated or unknown."""
        wrong = {id_ for id_, of in self.expect.items() if of & {"violated", "unknown"}}
        return {each.published.level.value for each in CATALOGUE if each.id in wrong} <= {"advice"}


def subjects() -> tuple[str, ...]:
    """The names of the case files."""
    return tuple(sorted(file.stem for file in _DIRECTORY.glob("*.yaml")))


def cases_about(subject: str) -> tuple[Case, ...]:
    """The cases of one file, in its order."""
    document = yaml.safe_load((_DIRECTORY / f"{subject}.yaml").read_text("utf-8"))
    return tuple(_case(name, item) for name, item in document.items())


def load() -> tuple[Case, ...]:
    """All cases, in the order of their files."""
    return tuple(case for subject in subjects() for case in cases_about(subject))


def parametrized(subject: str) -> pytest.MarkDecorator:
    """One test per case about a subject."""
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

"""Every check and every role from the configuration to its measurements; tests/exporters tests the outputs.

The tests are generated only from CHECKS and ROLES. If a new row needs a change elsewhere, a message names the file.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client.exposition import generate_latest
from support.network.fakes import FakeNetwork
from support.reports.check_kinds import measured
from support.settings_from_text import ROOT, parse

from exporters.prometheus import PrometheusSink
from probe import config
from probe.agent.round import plans_within
from probe.agent.runner import run_once
from probe.agent.schedule import scheduled
from probe.commands import app
from probe.commands.exits import Exit
from probe.config import schema
from probe.config.footprint import describe
from probe.model.kinds import CHECKS, OF_STORE, PLANNED, ROLES, complete
from probe.model.measurements import Measurement, Phase
from probe.model.settings import Settings
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.probes import Prober

PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "configuration-example.yaml"
every_role = pytest.mark.parametrize("role", Role)
every_planned = pytest.mark.parametrize("check", PLANNED)


def entries(role: Role) -> list[Any]:
    return [yaml.safe_load(example) for example in ROLES[role].examples]


def document(role: Role, entry: Any, **more: Any) -> str:
    """A configuration with only that entry."""
    return yaml.safe_dump({ROLES[role].section: entry if role is Role.PROXY else [entry], **more})


def as_mapping(role: Role) -> dict[str, Any]:
    """The role's first example as a mapping: a Region's entry may be only its name."""
    entry = entries(role)[0]
    return dict(entry) if isinstance(entry, dict) else {"region": entry}


@pytest.mark.parametrize(("of", "table"), [(Check, CHECKS), (Role, ROLES)])
def test_a_member_without_a_row_is_named(of: Any, table: Any) -> None:
    rows = dict(table)
    last = list(of)[-1]
    del rows[last]
    with pytest.raises(
        LookupError, match=rf"^{of.__name__}\.{last.name}: no row in TABLE, probe/model/kinds.py$"
    ):
        complete(of, rows, "TABLE")
    assert complete(of, table, "TABLE") is table


@every_role
def test_every_role_has_its_section_in_the_configuration(role: Role) -> None:
    model = schema.KeyStore if role in OF_STORE else schema.Document
    message = (
        f"role {role}: `{ROLES[role].section}` is not a field of {model.__name__} in probe/config/schema.py"
    )
    assert ROLES[role].section in model.model_fields, message
    assert ROLES[role].section in schema.Document.model_fields, message


def test_every_entry_of_a_section_becomes_a_target() -> None:
    subclasses = {each.__name__ for each in schema._Entry.__subclasses__()}
    assert subclasses == {each.__name__ for each in get_args(schema.Entry)}, (
        "`Entry` in probe/config/schema.py must list every subclass of `_Entry`"
    )


@every_role
def test_every_example_of_a_role_becomes_a_target_with_its_checks_and_intervals(role: Role) -> None:
    kind = ROLES[role]
    without_health = [check for check in kind.checks if check is not Check.HEALTH_COLD]
    for entry in entries(role):
        (target,) = parse(document(role, entry)).targets
        assert (target.role, target.port) == (role, kind.port)
        assert [plan.check for plan in target.plans] == without_health
        for plan in target.plans:
            assert (plan.interval_s, plan.timeout_s) == (
                CHECKS[plan.check].interval_s,
                CHECKS[plan.check].timeout_s,
            )


@every_role
def test_every_role_can_have_its_possible_checks_and_no_others(role: Role) -> None:
    for check in PLANNED:
        key = CHECKS[check].key
        text = document(
            role, {**as_mapping(role), "checks": [key], "timeouts": {key: "1s"}, "intervals": {key: "29s"}}
        )
        if check not in ROLES[role].possible:
            with pytest.raises(config.ConfigError, match=f"{key} is not possible for a {role}; choose from "):
                parse(text)
        elif check is not Check.HEALTH_COLD:
            assert parse(text).targets[0].plans == (
                PlannedCheck(check=check, interval_s=29.0, timeout_s=1.0),
            )


@every_role
def test_check_config_lists_every_role(role: Role, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "xks-probe.yaml"
    file.write_text(document(role, entries(role)[0]), encoding="utf-8")
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    shown = capsys.readouterr().out
    for plan in config.load(file).targets[0].plans:
        assert f"  {role}  " in shown
        assert f"{plan.check} every {plan.interval_s:g} s" in shown


@every_role
def test_every_role_is_documented_with_its_checks(role: Role) -> None:
    kind = ROLES[role]
    (row,) = re.findall(rf"(?m)^\| `{kind.section}` \|.*\| ([a-z, ]+) \|$", PAGE) or ["no row"]
    assert row == ", ".join(CHECKS[check].key for check in kind.checks), (
        f"`{kind.section}` in docs/configuration.md"
    )
    shown = {target.role for target in config.load(EXAMPLE).targets}
    assert role in shown, f"docs/configuration-example.yaml has no `{kind.section}`"
    assert f"\n{kind.section}:" in config.template()


@every_planned
def test_every_check_is_documented_with_its_times(check: Check) -> None:
    """`test_the_documented_defaults_are_the_defaults` tests the values."""
    for name, text in (
        ("configuration.md", PAGE),
        ("configuration-example.yaml", EXAMPLE.read_text(encoding="utf-8")),
    ):
        for times in ("intervals", "timeouts"):
            (line,) = re.findall(rf"(?m)^{times}: .*$", text)
            assert f"{CHECKS[check].key}: " in line, f"docs/{name}: {times} lacks {check}"
    (row,) = re.findall(r"(?m)^\| `intervals` \|.*$", PAGE)
    assert f"`{CHECKS[check].key}`" in row, f"docs/configuration.md: the row of `intervals` lacks {check}"


@every_planned
async def test_every_check_is_scheduled_and_measured_within_its_own_phases(check: Check) -> None:
    """In an empty network. Without a credential, no proxy gets a health request."""
    plan = PlannedCheck(check=check, interval_s=60.0, timeout_s=1.0)
    hosts = {"192.0.2.1": (), "a.example": (Phase.RESOLVE,)}
    for host, phases in hosts.items():
        target = Target(name="t", role=Role.BACKEND, host=host, port=9, plans=(plan,))
        found: list[Measurement] = []
        await run_once(scheduled([target]), Prober(FakeNetwork()).measure, found.append)
        if CHECKS[check].mode is not None:
            assert found == []
            continue
        (got,) = found
        assert (got.target, got.check) == (target, check)
        assert got.failure is not None
        assert got.failure.phase in (phases or CHECKS[check].phases), (
            f"{check}: see `phases` of its row in CHECKS"
        )


@every_role
def test_a_preflight_runs_the_checks_of_every_key_store_role(role: Role) -> None:
    of_stores = {check for each in OF_STORE for check in ROLES[each].checks}
    done = [plan.check for plan in plans_within(5.0)[role]]
    assert set(done) == (set(ROLES[role].checks) & of_stores) - {Check.ICMP}
    assert max(Counter(done).values(), default=1) == 1


@every_planned
def test_every_check_has_as_many_series_as_its_footprint_says(check: Check) -> None:
    """All series except verdicts, which have no target, and the target's info, which has no check."""
    plan = PlannedCheck(check=check, interval_s=60.0, timeout_s=1.0)
    target = Target(name="t", role=Role.NODE, host="192.0.2.1", port=9, plans=(plan,))
    sink = PrometheusSink("1")
    sink.on_targets((target,))
    together = [each for each in CHECKS if check in (each, CHECKS[each].comes_with)]
    for each in together:
        seen = measured(target, each)
        phases_s = {phase: length for phase, length in seen.phases_s.items() if phase is not Phase.RESOLVE}
        sink.on_measurement(measured(target, each, phases_s=phases_s))
    lines = generate_latest(sink.registry).decode().splitlines()
    written = sum('target="t"' in line and not line.startswith("xksprobe_target_info") for line in lines)
    foreseen = describe(Settings(targets=(target,))).series - describe(Settings()).series - 1
    own = sum(CHECKS[each].own_series for each in together)
    assert foreseen - own <= written <= foreseen, (
        f"{check}: {written} series; see `own_series` of its row in CHECKS"
    )

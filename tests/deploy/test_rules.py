"""Alert rules: they pass promtool's checks and unit tests, and each unit test can fail."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.real  # needs promtool from Debian
ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = "https://runbooks.example.com/xks-probe"  # a placeholder that users replace with their own URL
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool (Debian package: prometheus)")


def groups() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return loaded


def alerts() -> list[dict[str, Any]]:
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL
    return subprocess.run(
        [PROMTOOL, *map(str, arguments)], capture_output=True, text=True, timeout=250, check=False
    )


@needs_promtool
def test_promtool_accepts_the_rules() -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", PROMETHEUS / "rules.yml")
    assert checked.returncode == 0, checked.stderr


@needs_promtool
def test_each_alert_fires_only_when_its_unit_tests_expect_it() -> None:
    tested = promtool("test", "rules", PROMETHEUS / "rules_test.yml")
    assert tested.returncode == 0, tested.stderr + tested.stdout


@pytest.mark.long
@needs_promtool
@pytest.mark.parametrize("number", range(len(alerts())))
def test_without_an_alert_its_unit_tests_fail(number: int, tmp_path: Path) -> None:
    name, remaining, alerts_before = alerts()[number]["alert"], groups(), 0
    for group in remaining:
        kept = []
        for rule in group["rules"]:
            kept += [] if "alert" in rule and alerts_before == number else [rule]
            alerts_before += "alert" in rule
        group["rules"] = kept
    assert not promtool_passes(yaml.safe_dump({"groups": remaining}), tmp_path, only=name)


@pytest.mark.long
@needs_promtool
@pytest.mark.parametrize(
    ("original", "replacement", "alert"),
    [
        ("> 2.5", "> 0.5", "XksProbeProxyUnreachable"),
        (">= 18", ">= 1", "XksProbeRoundTripOverLimit"),
        ("< 0.5\n            and", "< 0.51\n            and", "XksProbeRoundTripOverLimit"),
        ('role="key_manager"', 'role=~".+"', "XksProbeRoundTripOverLimit"),
        ("< 0.1 * target:", "< 0.01 * target:", "XksProbeCertificateExpiring"),
        ("< 0.25 * target:", "< 0.5 * target:", "XksProbeCertificateExpiring"),
        ("< 10 * 86400", "< 1 * 86400", "XksProbeCertificateExpiring"),
        ("< 21 * 86400", "<= 21 * 86400", "XksProbeCertificateExpiring"),
        (
            "timestamp_seconds[10m])) - time()",
            "timestamp_seconds[1m])) - time()",
            "XksProbeCertificateExpiring",
        ),
        ("> 0.02", "> 0.05", "XksProbePathLossy"),
        ("> 150", "> 100", "XksProbeClockOffset"),
        ('state=~"ACTIVE|DEGRADED"', 'state="ACTIVE"', "XksProbeKeyManagerDead"),
        ('requirement_info{level="required"}', "requirement_info", "XksProbeRequirementViolated"),
        ('operation="connect", likelihood="expected"', 'likelihood="expected"', "XksProbeKmsErrorPredicted"),
        ("success_timestamp_seconds[15m])", "success_timestamp_seconds[1m])", "XksProbeAuditStale"),
        ("state offset 15m", "state offset 10m", "XksProbeAuditStale"),
        ("or absent_over_time", "unless absent_over_time", "XksProbeAgentAbsent"),
    ],
)
def test_a_changed_condition_fails_the_unit_tests(
    original: str, replacement: str, alert: str, tmp_path: Path
) -> None:
    rules = (PROMETHEUS / "rules.yml").read_text()
    assert original in rules
    assert not promtool_passes(rules.replace(original, replacement), tmp_path, only=alert)


def promtool_passes(rules: str, directory: Path, only: str | None = None) -> bool:
    """Whether the unit tests pass; with ``only``, those of this alert."""
    (directory / "rules.yml").write_text(rules)
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())
    if only is not None:
        tests["tests"] = [
            test
            for test in tests["tests"]
            if any(case["alertname"] == only for case in test["alert_rule_test"])
        ]
    (directory / "rules_test.yml").write_text(yaml.safe_dump(tests))
    return promtool("test", "rules", directory / "rules_test.yml").returncode == 0


@pytest.mark.parametrize(
    "alert", alerts(), ids=lambda alert: f"{alert['alert']} {alert['labels']['severity']}"
)
def test_an_alert_has_a_severity_and_a_runbook(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["alert"].startswith("XksProbe")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["runbook_url"] == f"{RUNBOOKS}/{alert['alert']}.md"
    page = (ROOT / "docs" / "alerts" / f"{alert['alert']}.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == [f"# {alert['alert']}", "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]


@pytest.mark.parametrize("file", ["docs/monitoring.md", "deploy/prometheus/rules.yml"])
def test_the_placeholder_for_runbook_urls_is_explained(file: str) -> None:
    assert f"{RUNBOOKS}`" in (text := (ROOT / file).read_text()) or f"replace {RUNBOOKS} with" in text


def test_each_runbook_belongs_to_an_alert_and_each_alert_has_one() -> None:
    assert {path.stem for path in (ROOT / "docs" / "alerts").glob("*.md")} == {
        alert["alert"] for alert in alerts()
    }


def test_each_alert_has_unit_tests_in_which_it_fires_and_in_which_it_does_not() -> None:
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    tested = [
        (case["alertname"], bool(case["exp_alerts"])) for test in tests for case in test["alert_rule_test"]
    ]
    for alert in alerts():
        assert (alert["alert"], True) in tested
        assert (alert["alert"], False) in tested


@needs_promtool
def test_the_fast_variant_has_the_same_rules_with_shorter_windows(tmp_path: Path) -> None:
    fast_rules = subprocess.run(
        [sys.executable, ROOT / "tools" / "fast_rules.py", PROMETHEUS / "rules.yml"],
        capture_output=True, text=True, timeout=250, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "fast.yml").write_text(fast_rules)
    assert promtool("check", "rules", tmp_path / "fast.yml").returncode == 0
    fast = [
        rule["alert"]
        for group in yaml.safe_load(fast_rules)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert fast == [alert["alert"] for alert in alerts()]
    assert "[10m]" not in fast_rules
    assert "[20s]" in fast_rules
    assert ">= 18" in fast_rules


@needs_promtool
def test_promtool_accepts_the_configuration_of_prometheus() -> None:
    checked = promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert checked.returncode == 0, checked.stderr

"""`xks-probe check-config`: every mistake at once, or what would be probed and how often."""

import json
from pathlib import Path

import pytest

from probe.commands import app, check_config
from probe.commands.exits import Exit

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "configuration-example.yaml"


def test_the_example_says_what_it_would_probe(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check-config", "-c", str(EXAMPLE)]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "nlb-use1-az1" in shown
    assert "tcp every 15 s" in shown
    assert "health every 60 s" in shown, "in the words of the file"
    assert shown.splitlines()[-1] == "9 targets, 20 checks: 2 pings/s, 0.7 connections/s, about 2,784 series"


@pytest.mark.parametrize(
    ("per_second", "shown"),
    [(0.0, "0"), (0.0833333, "0.083"), (9.96, "10"), (10.4, "10"), (1234.5, "1,234")],
)
def test_a_rate_is_rounded_to_what_matters(per_second: float, shown: str) -> None:
    assert check_config._rate(per_second) == shown


def test_the_footprint_is_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check-config", "-c", str(EXAMPLE), "--format", "json"]) == Exit.FINE
    footprint = json.loads(capsys.readouterr().out)
    assert footprint["schema_version"] == 1
    assert footprint["series"] > 100


def test_all_mistakes_come_at_once_each_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("nodes: [{name: a, address: not-an-address}]\ncolour: red\n")
    assert app.run(["check-config", "-c", str(file)]) == Exit.USAGE
    complaint = capsys.readouterr().err
    assert "nodes[0].address" in complaint
    assert "colour" in complaint
    assert "Traceback" not in complaint


def test_a_missing_file_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check-config", "-c", str(tmp_path / "none.yaml")]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_more_targets_than_a_scrape_bears_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = "".join(f"  - {{name: n{i}, address: 127.{1 + i // 250}.{i % 250}.1}}\n" for i in range(1001))
    file = tmp_path / "many.yaml"
    file.write_text("proxy: {private_dns_name: a.b.example.com}\nnodes:\n" + nodes)
    for command in ("check-config", "run"):
        assert app.run([command, "-c", str(file)]) == Exit.USAGE
        assert "1,001 targets" in capsys.readouterr().err

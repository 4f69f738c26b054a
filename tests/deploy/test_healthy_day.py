"""A recorded healthy day fires no alert: ten minutes of a real agent's scrapes, repeated, under the shipped rules.

``make recording`` writes the recording (support/network/healthy_recording.py).
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.network.healthy_recording import is_selected, sample_of, selectors

from tools.healthy_day import day_of

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]  # needs promtool from Debian
RECORDING = Path(__file__).with_name("healthy_ten_minutes.txt")
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool (Debian package: prometheus)")
TEN_MINUTES_IN_A_DAY, TEN_MINUTES_IN_TWO_HOURS = 144, 12


def lines() -> list[str]:
    return RECORDING.read_text("utf-8").splitlines()


def fired(recording: list[str], repetitions: int, folder: Path) -> str:
    """What promtool found beside nothing; empty if no alert fired."""
    (folder / "test.yml").write_text(json.dumps(day_of(recording, repetitions)))
    assert PROMTOOL
    command = [PROMTOOL, "test", "rules", folder / "test.yml"]
    tested = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    return "" if tested.returncode == 0 else tested.stdout + tested.stderr


@needs_promtool
def test_no_alert_fires_in_a_healthy_day(tmp_path: Path) -> None:
    assert fired(lines(), TEN_MINUTES_IN_A_DAY, tmp_path) == ""


@needs_promtool
@pytest.mark.parametrize(
    ("series", "values", "alert"),
    [
        (
            'key_store_connection_state{key_store="cks-1234567890abcdef0",state="FAILED"}',
            "1x40",
            "NotConnected",
        ),
        ("report_timestamp_seconds{}", "0x40", "ResultsStale"),
        ('probe_failures_total{check="tcp",reason="timed_out",target="hsm-1"}', "0+1x40", "KeyManagerDead"),
    ],
)
def test_a_fault_in_the_recording_is_found(series: str, values: str, alert: str, tmp_path: Path) -> None:
    name = f"xksprobe_{series}"
    changed = [f"{values}\t{name}" if line.endswith(f"\t{name}") else line for line in lines()]
    assert changed != lines()
    assert alert in fired(changed, TEN_MINUTES_IN_TWO_HOURS, tmp_path)


def test_the_recording_has_each_series_that_the_rules_select() -> None:
    recorded, used = [sample_of(line.split("\t")[1]) for line in lines()], selectors()
    assert [each for each in used if not any(is_selected(sample, [each]) for sample in recorded)] == []
    assert all(is_selected(sample, used) for sample in recorded)

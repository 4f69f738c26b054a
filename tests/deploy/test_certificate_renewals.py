"""Certificates of each usual life that are renewed in time fire no alert, and those that are renewed late do."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.long]  # needs promtool from Debian
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool (Debian package: prometheus)")

DAY_S = 86_400
MINUTE_S = 60
SCRAPE_S = 5 * MINUTE_S
RENEWED_S, ENDS_S = 3 * 3600, 5 * 3600  # longer than an hour, for XksProbeIssuerChanged
LABELS = 'job="xks-probe",instance="a:9911"'
LEAF = f'{LABELS},target="n1",ip="10.0.0.1",position="0"'
# Days of life: Let's Encrypt's short-lived certificates, its coming and its present ones, and AWS's (2026).
# Each with the days left at which the alert fires: a quarter of the life, at most 21 days.
LIVES = {6: 1.5, 45: 11.25, 90: 21, 200: 21}
EXPIRING = "XksProbeCertificateExpiring"


def step(before: float, after: float) -> str:
    """A gauge that changes when the certificate is renewed."""
    first, second = RENEWED_S // SCRAPE_S - 1, (ENDS_S - RENEWED_S) // SCRAPE_S
    return f"{before:.0f}x{first} {after:.0f}x{second}"


def life(life_s: float, left_s: float) -> list[dict[str, str]]:
    """The series of a certificate that is renewed with ``left_s`` left; its successor has the same issuer."""
    expires_s = RENEWED_S + left_s
    always = f"1x{ENDS_S // SCRAPE_S}"
    info = f'xksprobe_certificate_info{{{LEAF},subject_cn="p",issuer_cn="CA"'
    split = RENEWED_S // SCRAPE_S
    return [
        {"series": f"up{{{LABELS}}}", "values": always},
        {"series": f'xksprobe_build_info{{{LABELS},version="0.1.0"}}', "values": always},
        {"series": f'{info},sha256="old"}}', "values": f"1x{split - 1} _x{split}"},
        {"series": f'{info},sha256="new"}}', "values": f"_x{split} 1x{split}"},
        {
            "series": f"xksprobe_certificate_not_before_timestamp_seconds{{{LEAF}}}",
            "values": step(expires_s - life_s, RENEWED_S),
        },
        {
            "series": f"xksprobe_certificate_not_after_timestamp_seconds{{{LEAF}}}",
            "values": step(expires_s, RENEWED_S + life_s),
        },
    ]


def run(series: list[dict[str, str]], alerts: dict[str, int], folder: Path) -> None:
    """``alerts``: how many label sets of each alert fire in these hours; all others never do."""
    query = f'count by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{ENDS_S}s]))'
    samples = [{"labels": f'{{alertname="{name}"}}', "value": count} for name, count in alerts.items()]
    test: dict[str, Any] = {
        "interval": f"{SCRAPE_S}s",
        "input_series": series,
        "promql_expr_test": [{"expr": query, "eval_time": f"{ENDS_S}s", "exp_samples": samples}],
    }
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{MINUTE_S}s", "tests": [test]}
    (folder / "test.yml").write_text(json.dumps(document))
    assert PROMTOOL
    tested = subprocess.run(
        [PROMTOOL, "test", "rules", folder / "test.yml"],
        capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs_promtool
@pytest.mark.parametrize("left", ["a third", "just enough"])
@pytest.mark.parametrize("days", LIVES)
def test_a_certificate_that_is_renewed_in_time_fires_nothing(days: int, left: str, tmp_path: Path) -> None:
    left_s = days * DAY_S / 3 if left == "a third" else LIVES[days] * DAY_S
    run(life(days * DAY_S, left_s), {}, tmp_path)


@needs_promtool
@pytest.mark.parametrize("days", LIVES)
def test_a_certificate_that_is_renewed_an_hour_too_late_fires_a_warning(days: int, tmp_path: Path) -> None:
    run(life(days * DAY_S, LIVES[days] * DAY_S - 3600), {EXPIRING: 1}, tmp_path)

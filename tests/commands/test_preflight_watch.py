"""`preflight --watch` repeats, compares each round with the previous one, and ends once everything is OK."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.accounts.collected import SERVICE_NAME, answer, healthy, written

from probe.commands import app, preflight
from probe.commands.exits import Exit
from probe.model.verdicts import KmsStep, Level, Outcome, Report, Verdict

pytestmark = pytest.mark.loopback
Output = pytest.CaptureFixture[str]


def offline(document: dict[str, Any]) -> dict[str, Any]:
    answer(document, "DescribeNetworkInterfaces")["NetworkInterfaces"] = []
    answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = []
    return document


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between rounds; the second one raises KeyboardInterrupt (Ctrl-C)."""
    slept: list[float] = []

    def sleep(duration_s: float) -> None:
        slept.append(duration_s)
        if len(slept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(preflight, "sleep", sleep)  # not time.sleep itself, which threads call, too
    return slept


def watch(directory: Path, *more: str) -> int:
    file = written(offline(healthy()), directory)
    command = [
        "preflight",
        "--account",
        str(file),
        "--endpoint-service",
        SERVICE_NAME,
        "--uri-path",
        "/kms/xks/v1",
    ]
    return app.run([*command, "--timeout", "20", "--public-resolver", "127.0.0.1", "--watch", *more])


def test_watch_repeats_every_minute_until_ctrl_c(waits: list[float], tmp_path: Path, capsys: Output) -> None:
    assert watch(tmp_path) == Exit.INTERRUPTED
    assert all(60 <= each <= 66 for each in waits)
    shown = capsys.readouterr().out
    assert shown.count("What is wrong") == 1  # only the first round shows everything
    assert shown.count("Nothing changed since") == 1


def test_json_output_has_one_line_per_round(waits: list[float], tmp_path: Path) -> None:
    file = tmp_path / "rounds.jsonl"
    watch(tmp_path, "--format", "json", "--output", str(file))
    rounds = [json.loads(line) for line in file.read_text().splitlines()]
    assert [each["changes"] for each in rounds] == [None, []]
    assert len(waits) == 2


def test_an_html_page_per_round_needs_a_file(waits: list[float], tmp_path: Path, capsys: Output) -> None:
    assert watch(tmp_path, "--format", "html") == Exit.USAGE
    assert "--watch: give the file for each html report with --output" in capsys.readouterr().err
    assert waits == []
    assert watch(tmp_path, "--format", "html", "--output", str(tmp_path / "page.html")) == Exit.INTERRUPTED
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_watch_repeats_until_the_last_round(
    waits: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter([False, True])
    monkeypatch.setattr(preflight, "has_ended", lambda *_args, **_more: next(rounds))
    watch(tmp_path)
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("level", "outcome", "plain", "strict"),
    [
        (Level.REQUIRED, Outcome.VIOLATED, False, False),
        (Level.RISK, Outcome.UNKNOWN, False, False),
        (Level.ADVICE, Outcome.VIOLATED, True, False),
        (Level.REQUIRED, Outcome.MET, True, True),
    ],
)
def test_watch_ends_once_nothing_is_violated_or_unknown(
    level: Level, outcome: Outcome, *, plain: bool, strict: bool
) -> None:
    report = Report(taken_at_s=0.0, verdicts=(verdict(level, outcome),))
    assert preflight.has_ended(report, strict=False) is plain
    assert preflight.has_ended(report, strict=True) is strict


def test_an_extra_ca_gives_status_3_and_does_not_make_watch_endless() -> None:
    lenient = replace(verdict(Level.REQUIRED, Outcome.MET), rests_on_extra_authority=True)
    report = Report(taken_at_s=0.0, verdicts=(lenient,))
    assert preflight.status(report, strict=False) == Exit.UNKNOWN
    assert preflight.has_ended(report, strict=True)


def verdict(level: Level, outcome: Outcome) -> Verdict:
    return Verdict(
        requirement="x", level=level, step=KmsStep.STATIC, subject="", outcome=outcome, because="."
    )


@pytest.mark.parametrize(
    ("level", "outcome", "plain", "strict"),
    [
        (Level.REQUIRED, Outcome.VIOLATED, Exit.VIOLATED, Exit.VIOLATED),
        (Level.RISK, Outcome.VIOLATED, Exit.VIOLATED, Exit.VIOLATED),
        (Level.ADVICE, Outcome.VIOLATED, Exit.FINE, Exit.VIOLATED),
        (Level.REQUIRED, Outcome.UNKNOWN, Exit.UNKNOWN, Exit.UNKNOWN),
        (Level.RISK, Outcome.UNKNOWN, Exit.UNKNOWN, Exit.UNKNOWN),
        (Level.ADVICE, Outcome.UNKNOWN, Exit.FINE, Exit.UNKNOWN),
        (Level.REQUIRED, Outcome.MET, Exit.FINE, Exit.FINE),
    ],
)
def test_advice_affects_the_exit_status_only_if_strict(
    level: Level, outcome: Outcome, plain: Exit, strict: Exit
) -> None:
    report = Report(taken_at_s=0.0, verdicts=(verdict(level, outcome),))
    assert preflight.status(report, strict=False) == plain
    assert preflight.status(report, strict=True) == strict

"""Untrusted text cannot forge or break a log line."""

import json
import sys

import pytest
import structlog

from probe.commands.logs import LogFormat, configure


@pytest.mark.parametrize("form", LogFormat)
def test_control_characters_are_escaped(
    form: LogFormat, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    configure(form)
    structlog.get_logger().warning("refused", name="a\x1b[31m\nroot: all is well")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert r"a\x1b[31m\nroot" in lines[0].replace("\\\\", "\\")


def test_json_lines_have_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogFormat.JSON)
    structlog.get_logger().info("started", targets=3)
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["level"], event["targets"]) == ("started", "info", 3)
    assert event["timestamp"].endswith("Z")

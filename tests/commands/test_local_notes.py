"""Notes about this machine: what it lacks for a configuration."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.settings_from_text import BACKEND, parse

from probe.commands.local_notes import of_history, of_source_address
from probe.model.settings import HistorySettings, Settings

pytestmark = pytest.mark.loopback


def settings(source: str | None = None, history: Path | None = None) -> Settings:
    made = None if history is None else HistorySettings(path=str(history), keep_s=3600.0, most_bytes=1 << 24)
    return replace(parse(BACKEND), source_address=source, history=made)


def test_without_a_source_address_or_a_history_nothing_is_noted() -> None:
    assert [*of_source_address(settings()), *of_history(settings())] == []


def test_an_address_of_this_machine_is_not_noted() -> None:
    assert list(of_source_address(settings("127.0.0.1"))) == []


def test_an_address_of_another_machine_is_noted_with_where_to_look() -> None:
    (note,) = of_source_address(settings("192.0.2.9"))
    assert note.startswith("source_address: 192.0.2.9 is not an address of this machine")
    assert note.endswith("`ip -4 address` lists its addresses")


def test_a_history_that_can_be_written_is_not_noted(tmp_path: Path) -> None:
    assert list(of_history(settings(history=tmp_path / "h"))) == []


def test_a_history_that_cannot_be_written_is_noted_with_its_key(tmp_path: Path) -> None:
    assert list(of_history(settings(history=tmp_path / "missing" / "h"))) == [
        f"history.path: the directory {tmp_path}/missing does not exist"
    ]

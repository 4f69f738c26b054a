"""Where the history is kept: the path in the file, then systemd's state directory, else nowhere."""

from pathlib import Path

import pytest
from support.settings_from_text import BACKEND

from probe import config
from probe.config import Surroundings
from probe.model.settings import HistorySettings

MIB = 1 << 20


def history(line: str, environment: dict[str, str] | None = None) -> HistorySettings | None:
    surroundings = Surroundings(environment=environment or {})
    return config.parse(line + BACKEND, "test.yaml", Path("/etc/xks"), surroundings).history


def mistake(line: str) -> str:
    with pytest.raises(config.ConfigError) as raised:
        history(line)
    (error,) = raised.value.errors
    return error


def test_without_a_path_and_a_state_directory_there_is_no_history() -> None:
    assert history("") is None
    assert history("history:\n") is None


def test_a_path_is_relative_to_the_directory_of_the_file() -> None:
    expected = HistorySettings(path="/etc/xks/h.sqlite", keep_s=7 * 86400.0, most_bytes=512 * MIB)
    assert history("history: {path: h.sqlite}\n") == expected
    absolute = history("history: {path: /srv/h}\n")
    assert absolute is not None
    assert absolute.path == "/srv/h"


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("", "/var/lib/xks-probe/history.sqlite"),
        ("history: {keep: 30d}\n", "/var/lib/xks-probe/history.sqlite"),
        ("history: {path: /srv/h}\n", "/srv/h"),
        ("history: false\n", None),
    ],
)
def test_the_first_state_directory_is_the_default(line: str, path: str | None) -> None:
    found = history(line, {"STATE_DIRECTORY": "/var/lib/xks-probe:/var/lib/other"})
    assert (found.path if found else None) == path


def test_limits_without_a_path_are_an_error() -> None:
    assert mistake("history: {keep: 30d}\n") == (
        "history: has no path, and $STATE_DIRECTORY is not set; add path, such as `path: history.sqlite`"
    )


@pytest.mark.parametrize(("keep", "seconds"), [("1h", 3600.0), ("400d", 400 * 86400.0), ("36h", 129600.0)])
def test_results_may_be_kept_for_an_hour_to_400_days(keep: str, seconds: float) -> None:
    found = history(f"history: {{path: h, keep: {keep}}}\n")
    assert found is not None
    assert found.keep_s == seconds


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{path: h, keep: 59m}", "history.keep: '59m' is not possible; use 1h to 400d"),
        ("{path: h, keep: 401d}", "history.keep: '401d' is not possible; use 1h to 400d"),
        ("{path: h, keep: 7}", "history.keep: 7 is a number; expected a duration such as 36h or 7d"),
        ("{path: h, keep: week}", "history.keep: 'week' is not a duration; use a number with a unit"),
        ("{path: h, most_bytes: 15MiB}", "history.most_bytes: '15MiB' is not possible; use 16MiB to 64GiB"),
        ("{path: h, most_bytes: 65GiB}", "history.most_bytes: '65GiB' is not possible; use 16MiB to 64GiB"),
        (
            "{path: h, most_bytes: 512MB}",
            "history.most_bytes: '512MB' is not a size; use a number with a unit",
        ),
        ("{path: h, most_bytes: 512}", "history.most_bytes: 512 is a number; expected a size such as 512MiB"),
        ("{path: ''}", "history.path: '' is not a file name; use the path of a file for the history"),
        ("{path: /srv/}", "history.path: '/srv/' is not a file name; use the path of a file for the history"),
        ("true", "history: true is a boolean; expected false or a mapping such as"),
        ("{file: h}", "history.file: "),
    ],
)
def test_a_wrong_value_is_one_error_with_what_is_possible(line: str, words: str) -> None:
    assert mistake(f"history: {line}\n").startswith(words)


@pytest.mark.parametrize(("size", "size_bytes"), [("16MiB", 16 * MIB), ("64GiB", 65536 * MIB)])
def test_the_limits_of_the_size_are_possible(size: str, size_bytes: int) -> None:
    found = history(f"history: {{path: h, most_bytes: {size}}}\n")
    assert found is not None
    assert found.most_bytes == size_bytes

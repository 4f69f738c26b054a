"""The command line ends in a line and a status, never in a traceback."""

import subprocess
import sys

import pytest

from probe import __version__
from probe.commands import app, ping
from probe.commands.exits import Exit, UsageError


def test_no_command_shows_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([]) == Exit.FINE
    shown = capsys.readouterr().out
    assert all(name in shown for name, _ in app.COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pong"], "'pong' is no command"),
        (["--loud"], "'--loud' is no option here"),
        (["tls", "--loud"], "No such option: --loud"),
        (["ping", "--loud"], "unrecognized arguments: --loud"),
        (["ping", "-n", "0", "127.0.0.1"], "'0' is not a whole number from 1 to 1000000"),
        (["ping", "-n", "many", "127.0.0.1"], "'many' is not a whole number from 1 to 1000000"),
        (["ping"], "no host"),
        (["tls"], "Missing argument"),
        (["p\x1b[31mg"], r"'p\\x1b[31mg' is no command"),
    ],
    ids=[
        "unknown command",
        "unknown global option",
        "unknown option",
        "unknown option of ping",
        "below range",
        "not a number",
        "no host",
        "no argument",
        "escape sequence",
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments) == Exit.USAGE
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED, ""),
        (BrokenPipeError(), Exit.FINE, ""),
        (UsageError("first", "second"), Exit.USAGE, "xks-probe: first\nxks-probe: second\n"),
        (ZeroDivisionError("\x1b[2J"), Exit.UNKNOWN, r"ZeroDivisionError: \x1b[2J"),
    ],
    ids=["Ctrl-C", "reader went away", "two mistakes", "our bug"],
)
def test_whatever_a_command_raises_becomes_a_status(
    raised: BaseException,
    status: Exit,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command(_arguments: list[str]) -> int:
        raise raised

    monkeypatch.setattr(ping, "command", command)
    assert app.run(["ping"]) == status
    complaint = capsys.readouterr().err
    assert words in complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize("name", [name for name, _ in app.COMMANDS])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([name, "--help"]) == Exit.FINE
    assert "usage: xks-probe" in capsys.readouterr().out.lower()


@pytest.mark.loopback
def test_the_version_is_told_without_any_slow_import() -> None:
    slow = "typer,rich,asyncio,pydantic,cryptography,aiohttp,boto3"
    code = (
        "import sys; sys.argv = ['xks-probe', '--version']; import probe.__main__ as m; m.main();"
        f"assert not set({slow!r}.split(',')) & set(sys.modules), sorted(sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (told.stdout, told.stderr) == (f"xks-probe {__version__}\n", "")


@pytest.mark.loopback
def test_ping_starts_without_what_only_other_commands_need() -> None:
    other = (
        "typer,asyncio,pydantic,boto3,aiohttp,jinja2,scapy,prometheus_client,yaml,OpenSSL,cryptography,dns"
    )
    code = (
        "import sys; from probe.commands import app;"
        "app.run('ping 127.0.0.1 -n 1 --timeout 1 --format json --output /dev/null'.split());"
        f"print(sorted(set({other!r}.split(',')) & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "[]\n"


@pytest.mark.parametrize(
    ("mistakes", "shown"), [(100, 100), (101, 101), (5000, 101)], ids=["at the limit", "one more", "many"]
)
def test_a_file_full_of_mistakes_is_not_poured_out(
    mistakes: int, shown: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(_arguments: list[str]) -> int:
        raise UsageError(*(f"line {n}: wrong" for n in range(mistakes)))

    monkeypatch.setattr(ping, "command", command)
    assert app.run(["ping"]) == Exit.USAGE
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == shown
    assert (f"and {mistakes - 100} more" in lines[-1]) is (mistakes > 100)

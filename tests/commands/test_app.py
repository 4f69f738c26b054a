"""Every command ends with an exit status, and errors are lines, never a traceback."""

import subprocess
import sys

import pytest

from probe import __version__
from probe.commands import app, ping
from probe.commands.command_table import find, names
from probe.commands.exits import Exit, UsageError

REPEATABLE = {
    "preflight": {"--target", "--node", "--key-manager", "--data-centre", "--public-resolver"},
    "survey": {"--region"},
}


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"], ["help"]])
def test_the_overview_shows_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(arguments) == Exit.FINE
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in names())
    assert "--install-completion" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["preflght"], "'preflght' is not a command; did you mean 'preflight'?"),
        (["quux"], "'quux' is not a command; available: demo, run, "),
        (["help", "tsl"], "'tsl' is not a command; did you mean 'tls'?"),
        (["--loud"], "'--loud' is not an option here; a command comes first"),
        (["--instal-completion"], "did you mean '--install-completion'?"),
        (["tls", "--loud"], "tls: '--loud' is not an option (xks-probe tls --help)"),
        (["tls", "--conect-to", "a"], "tls: '--conect-to' is not an option; did you mean '--connect-to'?"),
        (["tls", "a", "--timeout", "0"], "Invalid value for '--timeout': 0.0 is not in the range"),
        (["tls", "a", "--format", "xml"], "Invalid value for '--format'"),
        (["ping", "--loud"], "ping: '--loud' is not an option"),
        (["ping", "-n", "0", "127.0.0.1"], "'0' is not a whole number from 1 to 1000000"),
        (["ping", "-n", "many", "127.0.0.1"], "'many' is not a whole number from 1 to 1000000"),
        (["tls", "--timeout", "soon", "127.0.0.1"], "Invalid value for '--timeout': 'soon' is not a number"),
        (["survey", "-n", "1.5"], "Invalid value for '-n': '1.5' is not a whole number"),
        (["ping"], "no host"),
        (["tls"], "Missing argument 'HOST[:PORT]'"),
        (["p\x1b[31mg"], r"'p\\x1b[31mg' is not a command"),
    ],
    ids=[
        "mistyped command",
        "unknown command",
        "help of a mistyped command",
        "unknown global option",
        "mistyped global option",
        "unknown option",
        "mistyped option",
        "out of range",
        "not a choice",
        "unknown option of ping",
        "below range",
        "not a number",
        "no duration",
        "no whole number",
        "no host",
        "no argument",
        "escape sequence",
    ],
)
def test_a_usage_error_is_one_line_with_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert words in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize("name", [name for name in names() if name != "ping"])
def test_no_option_leaves_it_to_typer_to_report_a_file_that_cannot_be_read(name: str) -> None:
    """typer would only state that it is not readable, and refer to the help."""
    command = find(name)
    assert command is not None
    _, made = app._typer_command(command)
    assert [param.name for param in made.params if getattr(param.type, "readable", False)] == []


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED, ""),
        (BrokenPipeError(), Exit.FINE, ""),
        (UsageError("first", "second"), Exit.USAGE, "xks-probe: first\nxks-probe: second\n"),
        (ZeroDivisionError("\x1b[2J"), Exit.UNKNOWN, r"ZeroDivisionError: \x1b[2J"),
    ],
    ids=["Ctrl-C", "closed pipe", "two errors", "bug"],
)
def test_every_exception_of_a_command_becomes_an_exit_status(
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
    stderr = capsys.readouterr().err
    assert words in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("arguments", ["{} -h", "{} --help", "help {}", "{} --no-such-option -h"])
def test_every_command_has_a_help_page(name: str, arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(arguments.format(name).split()) == Exit.FINE
    shown = capsys.readouterr().out
    assert f"Usage: xks-probe {name}" in shown
    assert "Exit status:" in shown
    assert "  -h, --help" in shown


@pytest.mark.parametrize("name", names())
def test_every_option_has_a_help_text_and_a_name_for_its_value(name: str) -> None:
    usage = app.usage_of(name)
    for option in usage.options:
        assert option.help, option.label
        assert "<" not in option.metavar, option.label
    repeatable = {flag for option in usage.options if option.is_repeatable for flag in option.flags}
    assert repeatable == REPEATABLE.get(name, set())


@pytest.mark.parametrize("name", [name for name in names() if len(app.usage_of(name).options) > 8])
def test_many_options_are_shown_in_groups_of_at_most_8(name: str) -> None:
    groups = app.usage_of(name).groups()
    assert len(groups) > 1
    assert max(map(len, groups.values())) <= 8


@pytest.mark.loopback
def test_the_help_of_ping_imports_neither_typer_nor_network_modules() -> None:
    assert loaded("ping --help", "typer,asyncio,socket,rich,pydantic,cryptography,aiohttp,boto3") == "[]\n"


@pytest.mark.loopback
@pytest.mark.parametrize("words", ["", "ping --m", "preflight --k", "demo --scenario d"])
def test_completion_imports_no_slow_libraries(words: str) -> None:
    slow = (
        "structlog,pydantic,rich,boto3,aiohttp,jinja2,prometheus_client,OpenSSL,cryptography,scapy,pyroute2"
    )
    assert loaded(f"__complete {words}", slow) == "[]\n"


def loaded(arguments: str, modules: str) -> str:
    """Run the command in a new interpreter; its last line of output lists which of ``modules`` it imported."""
    code = (
        "import sys; from probe.commands import app; app.run(sys.argv[1:]);"
        f"print(sorted(set({modules!r}.split(',')) & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments.split(" ")],
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    return result.stdout.splitlines(keepends=True)[-1]


@pytest.mark.loopback
def test_the_version_is_printed_without_slow_imports() -> None:
    slow = "typer,rich,asyncio,pydantic,cryptography,aiohttp,boto3"
    code = (
        "import sys; sys.argv = ['xks-probe', '--version']; import probe.__main__ as m; m.main();"
        f"assert not set({slow!r}.split(',')) & set(sys.modules), sorted(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=250
    )
    assert (result.stdout, result.stderr) == (f"xks-probe {__version__}\n", "")


@pytest.mark.loopback
def test_ping_imports_no_libraries_that_only_other_commands_need() -> None:
    other = (
        "typer,asyncio,pydantic,boto3,aiohttp,jinja2,scapy,prometheus_client,yaml,OpenSSL,cryptography,dns"
    )
    code = (
        "import sys; from probe.commands import app;"
        "app.run('ping 127.0.0.1 -n 1 --timeout 1 --format json --output /dev/null'.split());"
        f"print(sorted(set({other!r}.split(',')) & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=250
    )
    # Where ICMP is not permitted, ping measures TCP connects instead, and needs an event loop for them.
    expected = ["asyncio"] if "TCP connects" in result.stderr else []
    assert result.stdout == f"{expected}\n"


@pytest.mark.parametrize(
    ("errors", "shown"), [(100, 100), (101, 101), (5000, 101)], ids=["at the limit", "one more", "many"]
)
def test_at_most_100_errors_are_printed_and_the_others_are_counted(
    errors: int, shown: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(_arguments: list[str]) -> int:
        raise UsageError(*(f"line {n}: wrong" for n in range(errors)))

    monkeypatch.setattr(ping, "command", command)
    assert app.run(["ping"]) == Exit.USAGE
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == shown
    assert (f"and {errors - 100} more" in lines[-1]) is (errors > 100)

"""The source address."""

import pytest

from probe.commands import app
from probe.commands.exits import UsageError
from probe.commands.own_address import check_source


@pytest.mark.loopback
@pytest.mark.parametrize("source", [None, "127.0.0.1", "0.0.0.0"])
def test_a_source_address_is_accepted(source: str | None) -> None:
    assert check_source(source) == source


@pytest.mark.parametrize("source", ["::1", "localhost", "10.0.0.256", "", "\x1b[31m"])
def test_a_source_that_is_not_an_ipv4_address_is_rejected(source: str) -> None:
    with pytest.raises(UsageError, match="is not an IPv4 address"):
        check_source(source)


@pytest.mark.loopback
def test_an_address_of_another_machine_is_rejected_with_what_to_do() -> None:
    with pytest.raises(UsageError) as caught:
        check_source("192.0.2.1")
    assert caught.value.lines == (
        "--source: 192.0.2.1 is not an address of this machine; `ip -4 address` lists its addresses",
    )


@pytest.mark.parametrize(
    "command",
    [
        ["ping", "127.0.0.1"],
        ["tls", "127.0.0.1"],
        ["dns", "example.com"],
        ["survey", "--region", "eu-central-1"],
        ["health", "https://proxy.example.com/kms/xks/v1", "--region", "eu-central-1"],
        ["preflight", "--region", "eu-central-1", "--node", "127.0.0.1"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_with_a_source_rejects_a_wrong_one_in_one_line(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run([*command, "--source", "eth0"]) == 2
    assert capsys.readouterr().err == (
        "xks-probe: --source: 'eth0' is not an IPv4 address; `ip -4 address` lists those of this machine\n"
    )

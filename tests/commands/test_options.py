"""Shared options: each error is one line that states the fix."""

from pathlib import Path

import pytest

from probe.commands import options
from probe.commands.exits import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("proxy.example.com", ("proxy.example.com", 443)), ("10.0.0.1:8443", ("10.0.0.1", 8443))],
)
def test_a_host_may_have_a_port(text: str, expected: tuple[str, int]) -> None:
    assert options.host_and_port(text, 443, "HOST") == expected


@pytest.mark.parametrize("text", ["", "host:0", "host:65536", "host:x", "https://host", "a b", "::1"])
def test_an_invalid_host_is_rejected_with_the_name_of_the_option(text: str) -> None:
    with pytest.raises(UsageError, match="--connect-to"):
        options.host_and_port(text, 443, "--connect-to")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "contains no valid PEM"),
        (b"\x00\xff", "contains no valid PEM"),
        (b"x" * (1 << 20 | 1), "larger than the maximum of 1048576 bytes"),
    ],
    ids=["missing", "empty", "binary", "too large"],
)
def test_a_file_without_certificates_is_rejected(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        options.read_certificates(file, "--extra-authority")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost"])
def test_a_page_on_loopback_needs_no_permission(host: str) -> None:
    options.check_listen(host, allowed=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "probe.example.com"])
def test_a_page_that_other_machines_can_reach_must_be_allowed_explicitly(host: str) -> None:
    options.check_listen(host, allowed=True)
    with pytest.raises(UsageError, match="allow-unauthenticated"):
        options.check_listen(host, allowed=False)

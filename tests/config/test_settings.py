"""Building settings from a parsed mapping and the files it refers to, and reporting all errors together."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.evidence import issue
from support.settings_from_text import BACKEND

from probe import config
from probe.config.settings import MAX_ERRORS, build

HERE = Path("/nonexistent")
NODE = {"name": "n", "address": "10.0.0.1"}


def mistakes(raw: dict[str, Any], directory: Path = HERE) -> tuple[str, ...]:
    with pytest.raises(config.ConfigError) as raised:
        build(raw, directory)
    return raised.value.errors


def test_the_path_of_an_extra_ca_is_relative_to_the_configuration_file(tmp_path: Path) -> None:
    root = issue("root", ca=True)
    pem = root.certificate.public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(pem)
    (tmp_path / "twice.pem").write_bytes(pem + pem)
    path = tmp_path / "xks-probe.yaml"
    path.write_text(BACKEND + "extra_authorities: [root.pem, twice.pem]\n", encoding="utf-8")
    assert config.load(path).extra_authorities == (root.der,)
    with pytest.raises(config.ConfigError, match="cannot be read"):
        config.load(path, base=tmp_path / "elsewhere")


def test_extra_cas_keep_the_order_of_the_file(tmp_path: Path) -> None:
    roots = {name: issue(name, ca=True) for name in ("b", "a")}
    for name, root in roots.items():
        (tmp_path / name).write_bytes(root.certificate.public_bytes(Encoding.PEM))
    settings = build({"nodes": [NODE], "extra_authorities": ["b", "a"]}, tmp_path)
    assert settings.extra_authorities == (roots["b"].der, roots["a"].der)


def test_errors_of_schema_names_rules_and_files_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_bytes(b"")
    raw = {
        "listen": "nowhere",
        "nodes": [NODE, NODE],
        "timeouts": {"tcp": "60s"},
        "extra_authorities": [7, "absent.pem", "empty.pem"],
    }
    assert [line.partition(":")[0] for line in mistakes(raw, tmp_path)] == [
        "extra_authorities[0]",
        "listen",
        "nodes[1].name",
        "intervals.tcp",
        "extra_authorities[1]",  # the index in the file, although the invalid first entry was removed
        "extra_authorities[2]",
    ]


@pytest.mark.parametrize("count", [MAX_ERRORS, MAX_ERRORS + 1], ids=["at the limit", "one more"])
def test_errors_up_to_the_limit_are_shown_and_the_others_counted(count: int) -> None:
    lines = mistakes({f"wrong_{n}": 1 for n in range(count)})
    assert sum("unknown key" in line for line in lines) == MAX_ERRORS
    assert lines[MAX_ERRORS:] == (() if count == MAX_ERRORS else ("and 1 more errors",))


def test_missing_targets_are_reported_only_if_there_is_no_other_error() -> None:
    (line,) = mistakes({})
    assert line.startswith("no targets")
    (line,) = mistakes({"threshold": "0ms"})
    assert line.startswith("threshold: ")


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("0.0.0.0:80", "0.0.0.0", 80), ("localhost:0", "localhost", 0), ("127.0.0.1:65535", "127.0.0.1", 65535)],
)
def test_listen_is_split_into_host_and_port(listen: str, host: str, port: int) -> None:
    settings = build({"nodes": [NODE], "listen": listen}, HERE)
    assert (settings.listen_host, settings.listen_port) == (host, port)

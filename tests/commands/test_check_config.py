"""`xks-probe check-config`: reports all errors, or shows what would be probed and how often."""

import json
from pathlib import Path

import pytest
from support.reports.schema_check import faults

from probe.commands import app, check_config
from probe.commands.exits import Exit

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "configuration-example.yaml"


def test_the_targets_and_intervals_of_the_example_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check-config", "-c", str(EXAMPLE)]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "nlb-use1-az1" in shown
    assert "tcp every 15 s" in shown
    assert "health every 60 s" in shown, "the key in the file is `health`, not `health_cold`"
    assert shown.splitlines()[-1] == "9 targets, 20 checks: 2 pings/s, 0.7 connections/s, about 3,392 series"


def test_a_single_target_and_check_are_not_in_the_plural(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("backends: [{name: b, address: 10.0.0.1, checks: [tcp]}]\n")
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 target, 1 check: ")


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("", "History on disk: off; set history.path to keep results"),
        ("history: {path: /srv/h}", "History on disk: /srv/h, 7 days, at most 512 MiB; these targets write about 0.12 MiB per day"),
        ("history: {path: /srv/h, keep: 400d, most_bytes: 16MiB}", "/srv/h, 400 days, at most 16 MiB; these targets write about 0.12 MiB per day, so it holds about 129 days"),
    ],
    ids=["off", "days are the limit", "bytes are the limit"],
)  # fmt: skip
def test_the_history_is_shown_with_the_limit_that_counts(
    history: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"backends: [{{name: b, address: 10.0.0.1, checks: [icmp, tcp]}}]\n{history}\n")
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    line = capsys.readouterr().out.splitlines()[-2]
    assert words in line
    assert line.endswith(words)


@pytest.mark.parametrize(
    ("per_second", "shown"),
    [(0.0, "0"), (0.0833333, "0.083"), (9.96, "10"), (10.4, "10"), (1234.5, "1,234")],
)
def test_a_rate_below_10_has_two_significant_digits_and_a_higher_rate_no_decimals(
    per_second: float, shown: str
) -> None:
    assert check_config._rate(per_second) == shown


def test_the_footprint_can_be_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check-config", "-c", str(EXAMPLE), "--format", "json"]) == Exit.FINE
    footprint = json.loads(capsys.readouterr().out)
    assert faults(footprint, "check-config") == []
    assert footprint["schema_version"] == 1
    assert footprint["series"] > 100
    assert footprint["history"] is None
    assert footprint["history_bytes_per_day"] > 0


def test_the_limits_of_a_history_and_notes_are_in_the_json_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("backends: [{name: b, address: 10.0.0.1, checks: [tcp]}]\nhistory: {path: missing/h}\n")
    assert app.run(["check-config", "-c", str(file), "--format", "json"]) == Exit.FINE
    footprint = json.loads(capsys.readouterr().out)
    assert faults(footprint, "check-config") == []
    assert footprint["history"]["most_bytes"] == 512 << 20
    assert footprint["notes"] == [f"history.path: the directory {tmp_path}/missing does not exist"]


def test_all_errors_are_reported_together_each_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("nodes: [{name: a, address: not-an-address}]\ncolour: red\n")
    assert app.run(["check-config", "-c", str(file)]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert "nodes[0].address" in stderr
    assert "colour" in stderr
    assert "Traceback" not in stderr


def test_a_missing_file_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check-config", "-c", str(tmp_path / "none.yaml")]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_more_than_1000_targets_are_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = "".join(f"  - {{name: n{i}, address: 127.{1 + i // 250}.{i % 250}.1}}\n" for i in range(1001))
    file = tmp_path / "many.yaml"
    file.write_text("proxy: {private_dns_name: a.b.example.com}\nnodes:\n" + nodes)
    for command in ("check-config", "run"):
        assert app.run([command, "-c", str(file)]) == Exit.USAGE
        assert "1,001 targets" in capsys.readouterr().err


def test_what_is_discovered_and_its_aws_calls_are_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one-line.yaml"
    file.write_text("key_store: {id: cks-1, region: eu-west-1}\n")
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "The file lists no target." in shown
    assert "cks-1 in eu-west-1: nodes and targets of its load balancers" in shown
    assert "About 228 AWS calls per hour (read-only): the account is read every 300 s" in shown
    assert app.run(["check-config", "-c", str(file), "--format", "json"]) == Exit.FINE
    found = json.loads(capsys.readouterr().out)
    assert (found["discovered"], found["aws_calls_per_hour"]) == (["cks-1"], 228.0)


def with_credential(folder: Path, path_of_file: str | None) -> Path:
    """A configuration for the URI path ``/kms/xks/v1``, with a credential file that may have another one."""
    pair = {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "Marker" * 8}
    path = {"XksProxyUriPath": path_of_file} if path_of_file is not None else {}
    credential = folder / "credential.json"
    credential.touch(mode=0o600)
    credential.write_text(json.dumps({**path, "XksProxyAuthenticationCredential": pair}))
    file = folder / "x.yaml"
    file.write_text(
        "key_store: {id: cks-1, region: eu-west-1, uri_path: /kms/xks/v1, credential: {file: credential.json}}\n"
        "proxy: {private_dns_name: a.example.com}\nnodes: [{name: n, address: 10.0.0.1}]\n"
    )
    return file


@pytest.mark.parametrize(
    ("path", "is_noted"), [("/other/kms/xks/v1", True), ("/kms/xks/v1", False), (None, False)]
)
def test_a_credential_file_for_another_uri_path_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str | None, *, is_noted: bool
) -> None:
    file = with_credential(tmp_path, path)
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    text = capsys.readouterr().out
    assert app.run(["check-config", "-c", str(file), "--format", "json"]) == Exit.FINE
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert len(notes) == is_noted
    for note in notes:
        assert note.startswith(f"cks-1: the file with the credential is for the URI path {path} ")
        assert f"note: {note}\n" in text
    assert ("note:" in text) is is_noted
    assert "Marker" not in text


def test_a_credential_that_kms_would_refuse_is_noted_without_its_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = with_credential(tmp_path, None)
    placeholder = {"AccessKeyId": "Placeholder", "RawSecretAccessKey": "Marker"}
    (tmp_path / "credential.json").write_text(json.dumps({"XksProxyAuthenticationCredential": placeholder}))
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE, "a proxy for tests may accept it"
    shown = capsys.readouterr().out
    prefix = "note: cks-1: KMS accepts no such credential:"
    assert f"{prefix} the access key id has 11 characters, but must have 20 to 30\n" in shown
    assert f"{prefix} the secret has 6 characters, but must have 43 to 64\n" in shown
    assert "Placeholder" not in shown
    assert "Marker" not in shown


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("source_address: 192.0.2.9", "note: source_address: 192.0.2.9 is not an address of this machine"),
        ("history: {path: missing/h}", "/missing does not exist"),
        ("history: {path: .}", "is not a file; use another history.path"),
    ],
    ids=["source address", "history in no directory", "history in a directory"],
)
def test_what_this_machine_lacks_is_noted(
    line: str, note: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"backends: [{{name: b, address: 10.0.0.1, checks: [tcp]}}]\n{line}\n")
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE, "another machine may have it"
    (shown,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("note: ")]
    assert note in shown


@pytest.mark.loopback
def test_an_address_of_this_machine_is_not_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "backends: [{name: b, address: 10.0.0.1, checks: [tcp]}]\nsource_address: 127.0.0.1\nhistory: {path: h}\n"
    )
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    assert "note" not in capsys.readouterr().out
    assert not (tmp_path / "h").exists()

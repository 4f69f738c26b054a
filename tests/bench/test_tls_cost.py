"""The cost of a TLS probe: configurations, counting, and the resulting table."""

from dataclasses import replace
from pathlib import Path

import yaml
from cryptography import x509

from bench import servers
from bench.tls_cost import TlsCost, Window, _is_path_met, blackbox_configuration, configuration, rows
from probe import config

COST = TlsCost(
    targets=200,
    window_s=30.0,
    own=(
        Window(cpu_s=1.0, handshakes=1000, failed=0),
        Window(cpu_s=2.0, handshakes=1000, failed=1),
    ),
    peer=(
        Window(cpu_s=2.0, handshakes=1000, failed=0),
        Window(cpu_s=2.0, handshakes=1000, failed=0),
    ),
    is_path_met=True,
)
PATH = 'xksprobe_requirement_outcome{outcome="%s",requirement="certificate-path-validates",subject="a"} %s\n'


def test_the_agent_accepts_the_configuration(tmp_path: Path) -> None:
    servers.write_chain(tmp_path / "chain.pem", tmp_path / "root.pem")
    settings = config.parse(configuration(3, tmp_path / "root.pem"), "bench", tmp_path)
    assert [
        (target.host, target.port, [plan.interval_s for plan in target.plans]) for target in settings.targets
    ] == [("10.78.0.1", 9443, [5.0]), ("10.78.0.2", 9443, [5.0]), ("10.78.0.3", 9443, [5.0])]
    assert len(settings.extra_authorities) == 1


def test_blackbox_exporter_verifies_path_and_name() -> None:
    module = yaml.safe_load(blackbox_configuration(Path("/root.pem")))["modules"]["tls"]
    assert module["tcp"]["tls_config"] == {"ca_file": "/root.pem", "server_name": "lab.example"}


def test_the_server_sends_its_certificate_and_the_intermediate(tmp_path: Path) -> None:
    servers.write_chain(tmp_path / "chain.pem", tmp_path / "root.pem")
    leaf, intermediate = x509.load_pem_x509_certificates((tmp_path / "chain.pem").read_bytes())
    (root,) = x509.load_pem_x509_certificates((tmp_path / "root.pem").read_bytes())
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    assert (tmp_path / "chain.pem").stat().st_mode & 0o077 == 0


def test_the_ratio_is_that_of_all_windows_and_the_table_shows_their_spread() -> None:
    assert COST.ratio == 0.75
    text = rows(COST)
    assert "| xks-probe | 2000 | 1 | 1500 (1000 to 2000) |" in text
    assert "| blackbox_exporter | 2000 | 0 | 2000 (2000 to 2000) |" in text
    assert (
        "xks-probe / blackbox_exporter: 0.75, limit 1.00. In single windows: 0.50 to 1.00, median 0.75."
        in text
    )
    assert "The requirement on the certificate path was *met*." in text
    assert "this run does not count" in rows(replace(COST, is_path_met=False))


def test_a_window_is_the_difference_of_two_readings() -> None:
    before, after = COST.own
    assert replace(after, handshakes=1500).since(before) == Window(cpu_s=1.0, handshakes=500, failed=1)


def test_paths_are_met_only_if_all_of_them_are() -> None:
    met = PATH % ("met", "1.0") + PATH % ("unknown", "0.0")
    other = 'xksprobe_requirement_info{requirement="certificate-path-validates"} 1.0\n'
    assert _is_path_met(met + other)
    assert not _is_path_met(met + PATH % ("met", "0.0") + PATH % ("violated", "1.0"))
    assert not _is_path_met(other)

"""Deployment files of the agent: container image, compose file, systemd unit."""

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "xks-probe.service"


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_the_image_has_an_unprivileged_user_and_a_health_check() -> None:
    final = dockerfile().split("FROM ${BASE}")[-1]
    assert "USER 65532:65532" in final
    assert "/-/healthy" in final
    assert 'ENTRYPOINT ["xks-probe"]' in final
    assert 'CMD ["run", "-c", "/etc/xks-probe/xks-probe.yaml"]' in final


def test_everything_installed_into_the_image_is_pinned_by_hash() -> None:
    installs = re.findall(r"pip install [^\\\n]*", dockerfile())
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_the_build_requirements_have_the_versions_of_the_development_requirements() -> None:
    pinned = re.findall(r"^([a-z-]+)==(\S+)", (ROOT / "requirements" / "build.txt").read_text(), re.MULTILINE)
    development = (ROOT / "requirements" / "dev.txt").read_text()
    assert "hatchling" in dict(pinned)
    assert all(f"{name}=={version}" in development for name, version in pinned)


def test_every_file_that_compose_mounts_exists_except_the_users_configuration() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    mounted = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())]
    missing = [path for path in mounted if path.startswith("./") and not (ROOT / "deploy" / path).exists()]
    assert set(missing) <= {"./xks-probe.yaml"}


def test_compose_explains_how_to_write_the_configuration_that_it_mounts() -> None:
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    assert "init --output - > deploy/xks-probe.yaml" in text
    assert yaml.safe_load(text)["services"]["agent"]["image"] in re.findall(
        r"docker run --rm (\S+) init", text
    )


def test_the_image_is_built_with_every_file_that_the_wheel_contains() -> None:
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {
        word for line in re.findall(r"(?m)^COPY (?!--)(.*) \S+$", dockerfile()) for word in line.split()
    }
    admitted = set(re.findall(r"(?m)^!(.*)$", (ROOT / ".dockerignore").read_text()))
    for file in (*hatch["packages"], *hatch["shared-data"]):
        parents = {file, *map(str, Path(file).parents)}
        assert parents & copied, file
        assert parents & admitted, file


def test_the_base_image_is_pinned_by_digest_and_its_source_is_stated() -> None:
    head = dockerfile().split("\nFROM ")[0]
    assert re.search(r"(?m)^ARG BASE=\S+/python:3\.\d+-slim-trixie@sha256:[0-9a-f]{64}$", head)
    assert re.search(r"repo-info.*\bat commit\s+(# )?[0-9a-f]{40}", head, re.DOTALL)


def test_compose_drops_all_capabilities_and_publishes_ports_only_on_loopback() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    assert services["agent"]["cap_drop"] == ["ALL"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_unit_allows_only_one_capability() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign] - configparser's documented way to keep the case
    unit.read(UNIT)
    service = unit["Service"]
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_RAW"
    assert service["DynamicUser"] == service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "xks-probe", "the history on disk needs a place"
    assert "MemoryDenyWriteExecute" not in service  # pyOpenSSL's verification callback would fail


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze (Debian package: systemd)")
    program = tmp_path / "xks-probe"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / "xks-probe.service"
    copy.write_text(UNIT.read_text().replace("/opt/xks-probe/bin/xks-probe", str(program)))
    checked = subprocess.run(
        [analyze, "verify", copy], capture_output=True, text=True, timeout=250, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "Unknown" not in checked.stderr

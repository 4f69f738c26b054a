"""The template that `xks-probe init` writes is a valid configuration and shows every key."""

import ipaddress
import re

from support.settings_from_text import BACKEND, parse

from probe import config
from probe.config.schema import Document
from probe.model.targets import Role


def uncommented(text: str) -> str:
    """The template with all commented-out entries active."""
    return re.sub(r"(?m)^( *)# (?=[a-z_]+: |- )", r"\1", text)


def test_the_template_loads_as_it_is_and_with_every_line_uncommented() -> None:
    assert {target.role for target in parse(config.template()).targets} >= {Role.NODE, Role.KEY_MANAGER}
    filled = re.sub(r"(?m)^extra_authorities.*$", "extra_authorities: []", uncommented(config.template()))
    roles = {target.role for target in parse(filled).targets}
    assert roles == set(Role)


def test_the_template_shows_every_key_of_the_file() -> None:
    shown = set(re.findall(r"(?m)^([a-z_]+):", uncommented(config.template())))
    assert shown == set(Document.model_fields)


def test_the_template_shows_the_default_values() -> None:
    names = "intervals|timeouts|vantage|threshold|report_interval|listen|allow_unauthenticated|govcloud"
    lines = re.findall(rf"(?m)^(?:{names}): .*$", uncommented(config.template()))
    assert len(lines) == names.count("|") + 1
    assert parse("\n".join([*lines, BACKEND])) == parse(BACKEND)


def test_every_address_in_the_template_is_reserved_for_documentation() -> None:
    documentation = ipaddress.IPv4Network("192.0.2.0/24")  # RFC 5737
    addresses = set(re.findall(r"\d+\.\d+\.\d+\.\d+", config.template())) - {"127.0.0.1"}
    assert len(addresses) >= 5
    assert all(ipaddress.IPv4Address(address) in documentation for address in addresses)

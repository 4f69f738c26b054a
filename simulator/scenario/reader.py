"""Converts a YAML document to a Scenario; all errors are reported at once, each with its path."""

from collections.abc import Callable
from typing import TypeVar

from simulator.scenario import dns_records
from simulator.scenario.aws_section import AccountSection, read_section
from simulator.scenario.fields import Fields
from simulator.scenario.hosts import read_hosts
from simulator.scenario.kinds import KINDS
from simulator.scenario.scenario import Record, Scenario, ScenarioError
from simulator.scenario.xks_settings import read_proxy

_T = TypeVar("_T")
_DEFAULT = Scenario(name="")
_OF_BACKENDS = ("fault", "certificate", "answer")  # at the top level: defaults for all backends
_TOP_KEYS = (
    *("description", "key_store", "private_dns_name", "uri_path_prefix", "proxy", *_OF_BACKENDS),
    *(kind.key for kind in KINDS),
    *("zones", "records", "expect", "account"),
)


def read_scenario(name: str, document: object) -> Scenario:
    """The scenario in a parsed YAML document.

    Raises:
        ScenarioError: with all errors at once.
    """
    return _without_mistakes(lambda fields: _scenario(name, document, fields))


def read_records(document: object, scenario: Scenario) -> tuple[Record, ...]:
    """Read a list in the format of a scenario's ``records``, for the name servers of ``scenario``.

    Raises:
        ScenarioError: with all errors at once.
    """
    servers = [server.name for server in scenario.name_servers]
    return _without_mistakes(lambda fields: dns_records.read_records(document, servers, fields))


def read_account(section: object) -> AccountSection:
    """Read a section in the format of a scenario's ``account``.

    Raises:
        ScenarioError: with all errors at once.
    """
    return _without_mistakes(lambda fields: read_section(section, fields))


def _without_mistakes(read: Callable[[Fields], _T]) -> _T:
    fields = Fields()
    value = read(fields)
    if fields.mistakes:
        raise ScenarioError(tuple(fields.mistakes))
    return value


def _scenario(name: str, document: object, fields: Fields) -> Scenario:
    top = fields.mapping("scenario", document, _TOP_KEYS)
    hosts = read_hosts(top, fields)
    servers = [server.name for server in hosts["name_servers"]]
    scenario = Scenario(
        name=name,
        description=fields.text("description", top.get("description", "")),
        key_store=fields.text("key_store", top.get("key_store", _DEFAULT.key_store)),
        private_dns_name=fields.name(
            "private_dns_name", top.get("private_dns_name", _DEFAULT.private_dns_name)
        ),
        uri_path_prefix=fields.text("uri_path_prefix", top.get("uri_path_prefix", "")),
        proxy=read_proxy(top.get("proxy", {}), fields),
        zones=fields.texts("zones", top.get("zones", list(_DEFAULT.zones))),
        records=dns_records.read_records(top.get("records", []), servers, fields),
        expect=fields.mapping("expect", top.get("expect", {})),
        account=read_section(top["account"], fields) if "account" in top else None,
        document=top,
        **hosts,
    )
    if scenario.account is not None and not scenario.nodes:
        fields.note("account", "the scenario needs nodes: an account has a load balancer")
    return scenario

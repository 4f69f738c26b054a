"""The configuration of `xks-probe run` for a preflight case: the same key store in the same simulation, discovered."""

from typing import Any

from support.preflight.cases import Case
from support.preflight.playing import NAME, NAME_SERVER

from simulator import Simulation

# Options of preflight that the configuration of a key store has, too. A planned name and the data centre are not in it.
_KEYS = {
    "--region": "region",
    "--endpoint-service": "endpoint_service",
    "--uri-endpoint": "uri_endpoint",
    "--uri-path": "uri_path",
    "--key-id": "key_id",
    "--owner": "owner",
}


def settings_of(simulation: Simulation, case: Case) -> dict[str, Any]:
    """Targets and facts are discovered, but for the key manager, which AWS does not know."""
    planned = {
        "region": "eu-central-1",
        "endpoint_service": simulation.service_name,
        "uri_endpoint": f"https://{NAME}",
        "uri_path": "/kms/xks/v1",
        "key_id": "foo",
    }
    existing = {"id": simulation.scenario.key_store, "key_id": "foo"}
    changed = {_KEYS[option]: value for option, value in case.options.items() if option in _KEYS}
    store = {"id": "planned", **(existing if case.exists else planned), **changed}
    address = simulation.address("hsm-1")
    return {
        "key_store": {key: value for key, value in store.items() if value is not None},
        "key_managers": [{"name": "hsm-1", "host": address}],
        "extra_authorities": [str(simulation.root_pem)],
        "public_resolvers": [NAME_SERVER],
    }

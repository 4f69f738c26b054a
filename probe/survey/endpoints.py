"""Region -> host and port of its KMS endpoint: from botocore's data, or from a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from probe.model.text import clean
from probe.storage.files import read_file
from probe.survey import locations
from probe.wire import yaml_document
from probe.wire.hostport import parse_host_port
from probe.wire.input_error import InputError

PORT = 443
MAX_REGIONS = 1000


def endpoints(names: Sequence[str] | None = None) -> Mapping[str, tuple[str, int]]:
    """Region -> host and port of its KMS endpoint, from botocore's data; of all AWS Regions if none is named.

    Raises InputError with every name that is no Region, or has no external key stores.
    """
    resolver = _resolver()
    known = {
        region for part in resolver.get_available_partitions()
        for region in resolver.get_available_endpoints("kms", part)
    }  # fmt: skip
    wanted = list(dict.fromkeys(names or sorted(resolver.get_available_endpoints("kms", "aws"))))
    errors = [fault for name in wanted if (fault := _region_fault(name, known))]
    if errors:
        raise InputError(tuple(errors))
    return {name: (str(resolver.construct_endpoint("kms", name)["hostname"]), PORT) for name in wanted}


def _resolver() -> Any:
    """From botocore's files alone: a session would read the user's profiles, and fail on a bad one."""
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def _region_fault(name: str, known: set[str]) -> str | None:
    if name in locations.WITHOUT_EXTERNAL_KEY_STORES:
        return f"{name}: has no external key stores; leave it out"
    if name not in known:
        return f"'{clean(name, 64)}': is not a Region; {locations.suggestion(name)}"
    return None


def load_endpoints(path: Path) -> Mapping[str, tuple[str, int]]:
    """Region -> host and port, from YAML ``Region: host[:port]``. Raises InputError with all mistakes."""
    source = clean(str(path))
    content = yaml_document.parse(read_file(path), source)
    errors = (
        [f"{source}: has more than {MAX_REGIONS} Regions; split it"] if len(content) > MAX_REGIONS else []
    )
    if not content:
        errors.append(f"{source}: names no Region; write lines of the form `eu-central-1: host[:port]`")
    found: dict[str, tuple[str, int]] = {}
    for region, value in content.items():
        try:
            found[region] = _endpoint(region, value)
        except InputError as error:
            errors += [f"{yaml_document.path_text((region,))}: {line}" for line in error.errors]
    if errors:
        raise InputError(tuple(errors))
    return found


def _endpoint(region: str, value: object) -> tuple[str, int]:
    # A Region that came out yesterday is in no list of ours, so only what cannot be one is refused.
    if not (region.isascii() and region.replace("-", "").isalnum() and len(region) <= 64):  # noqa: PLR2004 - as names in the configuration
        raise InputError(("is not a Region's name; write one such as eu-central-1",))
    if not isinstance(value, str):
        raise InputError((f"'{clean(str(value), 64)}' is not text; write host or host:port",))
    return parse_host_port(value, PORT)

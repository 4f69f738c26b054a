"""The host and port of each Region's KMS endpoint, from botocore's data or from a file."""

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
_ADD_LINES = "add lines of the form `eu-central-1: host[:port]`"


def endpoints(names: Sequence[str] | None = None) -> Mapping[str, tuple[str, int]]:
    """Region -> host and port of its KMS endpoint, from botocore's data; without names, all AWS Regions.

    Raises InputError for every name that is not a Region, or is a Region without external key stores.
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
    """Reads only botocore's files: a session would also read the user's profiles, and fail on a bad one."""
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def _region_fault(name: str, known: set[str]) -> str | None:
    if name in locations.WITHOUT_EXTERNAL_KEY_STORES:
        return f"{name}: external key stores are not available in this Region; remove it"
    if name not in known:
        return f"'{clean(name, 64)}': is not a Region; {locations.suggestion(name)}"
    return None


def load_endpoints(path: Path) -> Mapping[str, tuple[str, int]]:
    """Region -> host and port, from YAML ``Region: host[:port]``. Raises InputError with all errors."""
    source = clean(str(path))
    content = yaml_document.parse(read_file(path), source, if_empty=_ADD_LINES)
    errors = (
        [f"{source}: has more than {MAX_REGIONS} Regions; split the file"]
        if len(content) > MAX_REGIONS
        else []
    )
    if not content:
        errors.append(f"{source}: has no Regions; {_ADD_LINES}")
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
    # New Regions are not in the built-in list, so only names that can't be a Region's are rejected.
    if not (region.isascii() and region.replace("-", "").isalnum() and len(region) <= 64):  # noqa: PLR2004 - as names in the configuration
        raise InputError(("is not a Region; use a name such as eu-central-1",))
    if not isinstance(value, str):
        raise InputError((f"'{clean(str(value), 64)}' is not text; expected host or host:port",))
    return parse_host_port(value, PORT)

"""Finds a key store's configuration through the AWS API, for `init`; each error is one line."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe.commands.exits import UsageError
from probe.model.account import Account
from probe.model.store import KeyStoreSpec
from probe.model.text import clean

if TYPE_CHECKING:
    from probe.aws.metadata import Instance

TIMEOUT_S = 30.0
_MAX_REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of `init`: a key store's id, or the name of an endpoint service."""

    key_store: str | None = None
    endpoint_service: str | None = None
    region: str | None = None
    account: Path | None = None

    @property
    def is_given(self) -> bool:
        return self.key_store is not None or self.endpoint_service is not None


def text_of(wanted: Wanted) -> str:
    """The complete file. Raises `UsageError` if AWS lists nothing to probe."""
    from probe.agent.targets import StoreTargets, targets_of
    from probe.aws.audit import audit
    from probe.aws.selection import spec_with_defaults
    from probe.commands.preflight_input import caller, refuse_other_stores
    from probe.config import ConfigError, parse, written
    from probe.network.clock import SYSTEM_CLOCK

    spec = _declared(wanted)
    source = caller(wanted.account, wanted.region, TIMEOUT_S, _here(wanted.region), wanted.endpoint_service)
    spec = replace(spec, region=source.region)
    account = audit(source, spec, taken_at_s=SYSTEM_CLOCK.now_s(), timeout_s=TIMEOUT_S)
    refuse_other_stores(spec, account)
    complete = spec_with_defaults(spec, account)
    targets = targets_of([StoreTargets(spec=complete, account=account)], [], {})
    if not targets:
        raise UsageError(f"init: AWS lists no node and no target to probe{_reasons(account)}")
    text = written(complete, targets)
    try:
        parse(text, "init", Path())
    except ConfigError as error:  # a name that AWS has is not valid for KMS
        lines = (f"init: AWS has a value that is not valid: {line}" for line in error.errors)
        raise UsageError(*lines) from None
    return text


def _declared(wanted: Wanted) -> KeyStoreSpec:
    from probe.commands.preflight_input import matching, store_id
    from probe.wire.aws_names import SERVICE_NAME

    service = matching(
        wanted.endpoint_service,
        SERVICE_NAME,
        "--endpoint-service",
        "expected com.amazonaws.vpce.REGION.vpce-svc-ID",
    )
    return KeyStoreSpec(id=store_id(wanted.key_store), service_name=service)


def _here(region: str | None) -> "Instance | None":
    from probe.aws import metadata

    return None if region else metadata.instance()


def _reasons(account: Account) -> str:
    failed = dict.fromkeys(f"{clean(each.call)}: {clean(each.because)}" for each in account.failed_calls)
    return f"; {'; '.join(list(failed)[:_MAX_REASONS])}" if failed else "; check the id and the Region"

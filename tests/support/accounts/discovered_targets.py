"""The targets of one key store: found in its AWS account, and given by the user."""

from probe.agent.round import plans_within
from probe.agent.targets import Plans, StoreTargets, targets_of
from probe.model.account import Account
from probe.model.store import KeyStoreSpec
from probe.model.targets import Target


def targets_for(
    spec: KeyStoreSpec, account: Account | None, *typed: Target, plans: Plans | None = None
) -> tuple[Target, ...]:
    store = StoreTargets(spec=spec, account=account, configured=typed)
    return targets_of([store], (), plans_within(5.0) if plans is None else plans)

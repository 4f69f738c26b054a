"""The XKS proxy's credential: its form, and whether it is the one that KMS has. Nothing of it is said."""

from collections.abc import Iterable

from probe.model.account import Account, KeyStore, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import not_seen, of_account, of_spec
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import health as health_errors

_NONE_GIVEN = "no credential was given: set XKS_PROXY_ACCESS_KEY_ID and XKS_PROXY_SECRET_ACCESS_KEY"


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.STATIC,
    errors=account_errors.MALFORMED,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Make a credential for this proxy alone: an id of 20 to 30 characters A to Z and 2 to 7, a "
        "secret of 43 to 64 letters, digits, '/', '+', '='. The examples of the guides break these rules.",
    ),
)
def credential_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The proxy's access key id and secret have the form that KMS takes.

    KMS checks patterns and lengths. It is no credential of AWS, and must not be one that is used elsewhere.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        facts = evidence.credential
        if facts is None:
            return not_applicable("KMS has taken it") if spec.id else unknown(_NONE_GIVEN)
        faults = [
            f"the {what} {fault}"
            for what, fault in (("access key id", facts.access_key_id_fault), ("secret", facts.secret_fault))
            if fault
        ]
        return violated("; ".join(faults)) if faults else met("both have it")

    yield from of_spec(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.HEALTH,
    errors=health_errors.KMS_HOLDS_ANOTHER,
    traits={Trait.REPEATS_KMS},
    source=account_errors.CONNECTING,
    remedy=Remedy(
        text="Give KMS the credential that the proxy has; while you change it, let the proxy accept both.",
        console="KMS > Custom key stores > External key stores > Edit > Authentication credential",
        cli="aws kms update-custom-key-store --region REGION --custom-key-store-id KEY-STORE-ID "
        "--xks-proxy-authentication-credential file://credential.json",
    ),
)
def credential_is_the_one_kms_holds(evidence: Evidence) -> Iterable[Finding]:
    """The access key id is the one that the existing key store has.

    KMS tells the id of a store's credential, never the secret. What is found out with another credential says
    nothing about KMS's own. A second credential at the proxy, for this agent alone, is what we recommend:
    then KMS's own is taken to be right while the store is connected.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if not spec.id:
            return not_applicable("the key store does not exist yet")
        store = account.key_store(spec.id)
        if evidence.credential is None:
            return unknown(_NONE_GIVEN)
        if isinstance(account.key_stores, Unavailable):
            return not_seen(account.key_stores)
        match evidence.credential.is_that_of_the_store:
            case True:
                return met("it is")
            case False:
                return _another(store)
            case _:
                return unknown("the store's access key id could not be read")

    yield from of_account(evidence, judge)


def _another(store: KeyStore | None) -> Finding:
    if store is not None and store.connection_error_code == "INVALID_CREDENTIALS":
        return violated("it is another one, and KMS says INVALID_CREDENTIALS of its own")
    if store is not None and store.connection_state == "CONNECTED":
        return not_applicable("it is another one, for this agent; KMS is connected with its own")
    return unknown("it is another one: whether the proxy takes KMS's own can't be tried from here")

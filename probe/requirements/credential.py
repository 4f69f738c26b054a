"""The XKS proxy's credential: its format, and whether KMS has the same one. No message contains any of it."""

from collections.abc import Iterable

from probe.model.account import Account, KeyStore, Unavailable
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, of_account, of_spec
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
        text="Create a credential that only this proxy uses: an access key id of 20 to 30 characters (A to "
        "Z, 2 to 7) and a secret of 43 to 64 characters (letters, digits, '/', '+', '='). The examples in "
        "AWS's guides break these rules.",
    ),
)
def credential_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The proxy's access key id and secret have the format that KMS accepts.

    KMS checks patterns and lengths. This is not an AWS credential, and must not be used for anything else.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        facts = evidence.credential
        if facts is None:
            return not_applicable("KMS has already accepted it") if spec.exists else unknown(_NONE_GIVEN)
        return violated("; ".join(facts.faults)) if facts.faults else met("both have the required format")

    yield from of_spec(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.HEALTH,
    errors=health_errors.KMS_HOLDS_ANOTHER,
    traits={Trait.REPEATS_KMS},
    source=account_errors.CONNECTING,
    remedy=Remedy(
        text="Update the key store with the credential that the proxy has. While you change the credential, "
        "let the proxy accept both the old and the new one.",
        console="KMS > Custom key stores > External key stores > Edit > Authentication credential",
        cli="aws kms update-custom-key-store --region REGION --custom-key-store-id KEY-STORE-ID "
        "--xks-proxy-authentication-credential file://credential.json",
    ),
)
def credential_is_the_one_kms_holds(evidence: Evidence) -> Iterable[Finding]:
    """The access key id is the one that KMS has for the existing key store.

    KMS shows the id of a store's credential, never the secret. If the agent uses another credential, its
    results do not show whether the proxy accepts KMS's own. A separate credential for the agent is still
    recommended. While the store is connected, KMS's own credential is assumed to be right.
    """

    def judge(spec: KeyStoreSpec, account: Account) -> Finding:
        if not spec.exists:
            return not_applicable("the key store does not exist yet")
        store = account.key_store(spec.id)
        if evidence.credential is None:
            return unknown(_NONE_GIVEN)
        if isinstance(account.key_stores, Unavailable):
            return call_failed(account.key_stores)
        match evidence.credential.is_that_of_the_store:
            case True:
                return met("it is the one that KMS has")
            case False:
                return _different_credential(store)
            case _:
                return unknown("the store's access key id could not be read")

    yield from of_account(evidence, judge)


def _different_credential(store: KeyStore | None) -> Finding:
    if store is not None and store.connection_error_code == "INVALID_CREDENTIALS":
        return violated("it is a different one, and KMS reports INVALID_CREDENTIALS for its own")
    if store is not None and store.connection_state == "CONNECTED":
        return not_applicable("it is a different one, for this agent only; KMS is connected with its own")
    return unknown("it is a different one; whether the proxy accepts KMS's own cannot be tested from here")

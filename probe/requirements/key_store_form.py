"""The format of the key store's settings: the patterns and lengths of the API, and the rules for host names.

Patterns: botocore's model of KMS (service-2.json, KMS 2014-11-01). Lengths are checked separately, because a
pattern with ``$`` accepts a trailing newline.
"""

import re
from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsError, KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import PUBLIC, not_given, of_spec
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.wording import quoted

_ENDPOINT = re.compile(r"https://[a-zA-Z0-9.-]+", re.ASCII)
_PATH = re.compile(r"(/[a-zA-Z0-9/_-]+)?/kms/xks/v[0-9]{1,2}", re.ASCII)
_SERVICE = re.compile(r"(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}[0-9]+\.vpce-svc-[0-9a-z]+", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", re.ASCII)
_ADDRESS_LENGTHS = (10, 128)
_SERVICE_LENGTHS = (20, 64)
_MAX_URI = 256  # proxy API specification: the whole URI


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.MALFORMED,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Set the endpoint to https:// and the proxy's DNS name only: no port, path, trailing slash or "
        "IP address.",
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def proxy_endpoint_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The proxy URI endpoint is https:// and a fully qualified domain name.

    KMS checks a pattern and a length of 10 to 128 characters. The pattern also accepts an IP address, a
    single label and empty labels, for which no certificate can be issued. The specification requires a fully
    qualified domain name.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        endpoint = spec.uri_endpoint
        if endpoint is None:
            return not_given(spec, evidence.account, "proxy URI endpoint", "--uri-endpoint")
        fault = endpoint_fault(endpoint)
        if fault is None:
            return met(quoted(endpoint))
        return violated(f"{quoted(endpoint)} {fault}", kms_errors=_errors_of_name(spec, endpoint))

    yield from of_spec(evidence, judge)


def _errors_of_name(spec: KeyStoreSpec, endpoint: str) -> tuple[KmsError, ...] | None:
    """The errors of a name that KMS's pattern accepts but no host can have; None if KMS rejects it."""
    if not _accepted_by_kms(_ENDPOINT, endpoint, _ADDRESS_LENGTHS):
        return None
    return account_errors.NO_PUBLIC_NAME if spec.is_public else account_errors.NO_PRIVATE_NAME


def _accepted_by_kms(pattern: re.Pattern[str], value: str, lengths: tuple[int, int]) -> bool:
    """Whether KMS's own check accepts it."""
    return pattern.fullmatch(value) is not None and lengths[0] <= len(value) <= lengths[1]


def endpoint_fault(endpoint: str) -> str | None:
    """What is wrong with a proxy URI endpoint; None if nothing is.

    >>> endpoint_fault("https://proxy.example.com"), endpoint_fault("https://proxy.example.com:443")
    (None, 'is not https:// followed by only a host name')
    """
    if not _ENDPOINT.fullmatch(endpoint):
        return "is not https:// followed by only a host name"
    low, high = _ADDRESS_LENGTHS
    if not low <= len(endpoint) <= high:
        return f"has {len(endpoint)} characters; {low} to {high} are allowed"
    host = endpoint.removeprefix("https://")
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        return "has a label that is empty, too long, or begins or ends with a hyphen"
    if len(labels) == 1 or labels[-1].isdigit():
        return "is not a fully qualified domain name"
    return None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.MALFORMED,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Set the path to the one that the proxy serves: an optional prefix, then /kms/xks/v1, without a "
        "trailing slash."
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def proxy_path_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The proxy URI path is an optional prefix and /kms/xks/v1.

    KMS checks a pattern and a length of 10 to 128 characters. The pattern allows other versions, but only
    version 1 exists. The whole URI, including the endpoint, may have at most 256 characters.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        path = spec.uri_path
        if path is None:
            return not_given(spec, evidence.account, "proxy URI path", "--uri-path")
        fault = path_fault(path) or _uri_fault(spec.uri_endpoint or "", path)
        if fault is None:
            return met(quoted(path))
        return violated(f"{quoted(path)} {fault}", kms_errors=_errors_of_path(spec, path))

    yield from of_spec(evidence, judge)


def _errors_of_path(spec: KeyStoreSpec, path: str) -> tuple[KmsError, ...] | None:
    """The errors of a path that KMS's pattern accepts but no proxy serves; None if the pattern rejects it."""
    if path_fault(path) is None or not _accepted_by_kms(_PATH, path, _ADDRESS_LENGTHS):
        return None
    return account_errors.NO_SUCH_PUBLIC_PATH if spec.is_public else account_errors.NO_SUCH_PATH


def path_fault(path: str) -> str | None:
    """What is wrong with a proxy URI path; None if nothing is."""
    low, high = _ADDRESS_LENGTHS
    if not _PATH.fullmatch(path):
        return "is not [/PREFIX]/kms/xks/v1 of letters, digits, '-', '_' and '/'"
    if not low <= len(path) <= high:
        return f"has {len(path)} characters; {low} to {high} are allowed"
    if not path.endswith("/v1"):
        return "has a version of the proxy API that does not exist; only v1 does"
    return None


def _uri_fault(endpoint: str, path: str) -> str | None:
    length = len(endpoint) + len(path) + len("/health")
    return f"makes the URI {length} characters long; {_MAX_URI} are allowed" if length > _MAX_URI else None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.MALFORMED,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Copy the service name exactly as shown: com.amazonaws.vpce.REGION.vpce-svc- followed by the "
        "service's id.",
        console="VPC > Endpoint services > Details > Service name",
        cli="aws ec2 describe-vpc-endpoint-service-configurations --region REGION "
        "--query 'ServiceConfigurations[].ServiceName'",
    ),
)
def endpoint_service_name_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The name of the VPC endpoint service has the format that KMS accepts.

    KMS checks a pattern and a length of 20 to 64 characters. The name also contains the Region of the
    service, and its last label is the service id.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        name = spec.service_name
        if name is None:
            return not_given(spec, evidence.account, "endpoint service", "--endpoint-service")
        fault = service_name_fault(name)
        return violated(f"{quoted(name)} {fault}") if fault else met(quoted(name))

    yield from of_spec(evidence, judge)


def service_name_fault(name: str) -> str | None:
    """What is wrong with the name of an endpoint service; None if nothing is."""
    low, high = _SERVICE_LENGTHS
    if not _SERVICE.fullmatch(name):
        return "is not com.amazonaws.vpce.REGION.vpce-svc-ID"
    if not low <= len(name) <= high:
        return f"has {len(name)} characters; {low} to {high} are allowed"
    return None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.UNSUPPORTED_REGION,
    source=account_errors.KEY_STORES,
    remedy=Remedy(text="Create the key store in another Region.", cli="xks-probe survey"),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def region_supports_external_key_stores(evidence: Evidence) -> Iterable[Finding]:
    """The Region supports external key stores, as every KMS Region does except those in China.

    AWS documents no error for a Region without them. Nothing is published about the isolated partitions.
    """
    yield from of_spec(evidence, _region)


def _region(spec: KeyStoreSpec) -> Finding:
    region = quoted(spec.region)
    if spec.region.startswith("cn-"):
        return violated(f"{region} is in China, where external key stores are not available")
    if re.match(r"us-iso|eu-iso", spec.region):
        return unknown(f"{region} is in an isolated partition, about which nothing is published")
    if spec.region_has_kms is None:
        return unknown(f"whether KMS is available in {region} was not checked")
    if not spec.region_has_kms:
        return unknown(
            f"{region} is not a KMS Region in the installed botocore: misspelt, or newer than botocore"
        )
    return met(f"KMS is available in {region}")

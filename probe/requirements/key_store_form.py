"""The form of what KMS is told: the patterns and lengths of the API, and what a host name is.

Patterns: botocore's model of KMS (service-2.json, KMS 2014-11-01). Lengths are checked apart, since a pattern
with ``$`` admits a newline.
"""

import re
from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsError, KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import PUBLIC, not_told, of_spec
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
        text="Give https:// and the private DNS name, nothing else: no port, path, final slash or address.",
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def proxy_endpoint_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The proxy URI endpoint is https:// and a fully qualified domain name.

    KMS checks a pattern and a length of 10 to 128. The pattern lets through what no certificate can name: an
    address, a single label, empty labels. The specification asks for a fully qualified domain name.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        endpoint = spec.uri_endpoint
        if endpoint is None:
            return not_told(spec, evidence.account, "proxy URI endpoint", "--uri-endpoint")
        fault = endpoint_fault(endpoint)
        if fault is None:
            return met(quoted(endpoint))
        return violated(f"{quoted(endpoint)} {fault}", kms_errors=_of_the_name(spec, endpoint))

    yield from of_spec(evidence, judge)


def _of_the_name(spec: KeyStoreSpec, endpoint: str) -> tuple[KmsError, ...] | None:
    """What comes of a name that KMS's pattern takes and nothing can have; None where it is refused."""
    if not _taken(_ENDPOINT, endpoint, _ADDRESS_LENGTHS):
        return None
    return account_errors.NO_PUBLIC_NAME if spec.is_public else account_errors.NO_PRIVATE_NAME


def _taken(pattern: re.Pattern[str], value: str, lengths: tuple[int, int]) -> bool:
    """KMS's own check lets it through."""
    return pattern.fullmatch(value) is not None and lengths[0] <= len(value) <= lengths[1]


def endpoint_fault(endpoint: str) -> str | None:
    """What is wrong with it, None if nothing is.

    >>> endpoint_fault("https://proxy.example.com"), endpoint_fault("https://proxy.example.com:443")
    (None, 'is not https:// and a host name alone')
    """
    if not _ENDPOINT.fullmatch(endpoint):
        return "is not https:// and a host name alone"
    low, high = _ADDRESS_LENGTHS
    if not low <= len(endpoint) <= high:
        return f"has {len(endpoint)} characters, {low} to {high} are allowed"
    host = endpoint.removeprefix("https://")
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        return "has a label that is empty, too long, or begins or ends with a hyphen"
    if len(labels) == 1 or labels[-1].isdigit():
        return "is no fully qualified domain name"
    return None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.MALFORMED,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Give the path as the proxy has it: an optional prefix, then /kms/xks/v1, no final slash."
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def proxy_path_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The proxy URI path is an optional prefix and /kms/xks/v1.

    KMS checks a pattern and a length of 10 to 128. The pattern admits other versions, but version 1 is the
    only one that there is. With the endpoint the whole URI may have 256 characters.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        path = spec.uri_path
        if path is None:
            return not_told(spec, evidence.account, "proxy URI path", "--uri-path")
        fault = path_fault(path) or _uri_fault(spec.uri_endpoint or "", path)
        if fault is None:
            return met(quoted(path))
        return violated(f"{quoted(path)} {fault}", kms_errors=_of_the_path(spec, path))

    yield from of_spec(evidence, judge)


def _of_the_path(spec: KeyStoreSpec, path: str) -> tuple[KmsError, ...] | None:
    """As `_of_the_name`: the proxy is asked for a path that it does not have."""
    if path_fault(path) is None or not _taken(_PATH, path, _ADDRESS_LENGTHS):
        return None
    return account_errors.NO_SUCH_PUBLIC_PATH if spec.is_public else account_errors.NO_SUCH_PATH


def path_fault(path: str) -> str | None:
    """What is wrong with it, None if nothing is."""
    low, high = _ADDRESS_LENGTHS
    if not _PATH.fullmatch(path):
        return "is not [/PREFIX]/kms/xks/v1 of letters, digits, '-', '_' and '/'"
    if not low <= len(path) <= high:
        return f"has {len(path)} characters, {low} to {high} are allowed"
    if not path.endswith("/v1"):
        return "asks for a version of the proxy API that does not exist: only v1 does"
    return None


def _uri_fault(endpoint: str, path: str) -> str | None:
    length = len(endpoint) + len(path) + len("/health")
    return f"makes a URI of {length} characters, {_MAX_URI} are allowed" if length > _MAX_URI else None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.MALFORMED,
    source=account_errors.CREATE_PAGE,
    remedy=Remedy(
        text="Copy the service's name as it is: com.amazonaws.vpce.REGION.vpce-svc- and the service's id.",
        console="VPC > Endpoint services > Details > Service name",
        cli="aws ec2 describe-vpc-endpoint-service-configurations --region REGION "
        "--query 'ServiceConfigurations[].ServiceName'",
    ),
)
def endpoint_service_name_is_well_formed(evidence: Evidence) -> Iterable[Finding]:
    """The name of the VPC endpoint service has the form that KMS takes.

    KMS checks a pattern and a length of 20 to 64. The name also says in which Region the service is, and its
    last label is the service's id.
    """

    def judge(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        name = spec.service_name
        if name is None:
            return not_told(spec, evidence.account, "endpoint service", "--endpoint-service")
        fault = service_name_fault(name)
        return violated(f"{quoted(name)} {fault}") if fault else met(quoted(name))

    yield from of_spec(evidence, judge)


def service_name_fault(name: str) -> str | None:
    """What is wrong with it, None if nothing is."""
    low, high = _SERVICE_LENGTHS
    if not _SERVICE.fullmatch(name):
        return "is not com.amazonaws.vpce.REGION.vpce-svc-ID"
    if not low <= len(name) <= high:
        return f"has {len(name)} characters, {low} to {high} are allowed"
    return None


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.STATIC,
    errors=account_errors.UNSUPPORTED_REGION,
    source=account_errors.KEY_STORES,
    remedy=Remedy(text="Make the key store in another Region.", cli="xks-probe survey"),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def region_supports_external_key_stores(evidence: Evidence) -> Iterable[Finding]:
    """External key stores exist in the Region: in every Region of KMS except those in China.

    AWS documents no error for it. Nothing is published about the isolated partitions.
    """
    yield from of_spec(evidence, _region)


def _region(spec: KeyStoreSpec) -> Finding:
    region = quoted(spec.region)
    if spec.region.startswith("cn-"):
        return violated(f"{region} is in China, where there are no external key stores")
    if re.match(r"us-iso|eu-iso", spec.region):
        return unknown(f"{region} is in an isolated partition, of which nothing is published")
    if spec.region_has_kms is None:
        return unknown(f"whether KMS is in {region} was not looked up")
    if not spec.region_has_kms:
        return unknown(f"{region} is no Region of KMS that the installed botocore knows: misspelt, or newer")
    return met(f"KMS is in {region}")

"""The format of the key store's settings, at the limits of patterns and lengths, and just outside them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.accounts.healthy import looked_at, proposed, the_one

from probe.model.verdicts import Basis, Likelihood, Operation, Outcome
from probe.requirements import key_store_form as form

MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
LABEL_63 = "a" * 63


@pytest.mark.parametrize(
    ("endpoint", "outcome"),
    [
        ("https://a.example.com", MET),
        ("https://A.EXAMPLE.COM", MET),
        (f"https://{LABEL_63}.c", MET),  # 65 characters: too long for a common name, but a wildcard covers it
        (f"https://{LABEL_63}.{'b' * 54}.c", MET),  # 128 with https://
        (f"https://{LABEL_63}.{'b' * 55}.c", VIOLATED),
        ("https://a.co", MET),
        ("https://a", VIOLATED),
        ("https://a.b", MET),
        ("https://10.0.0.1", VIOLATED),
        ("https://proxy.example.1", VIOLATED),
        ("https://1.2.example", MET),
        ("https://localhost", VIOLATED),
        ("https://a..b", VIOLATED),
        ("https://.", VIOLATED),
        ("https://a.example.com.", VIOLATED),
        ("https://-a.example.com", VIOLATED),
        ("https://a-.example.com", VIOLATED),
        ("https://a.example.com:443", VIOLATED),
        ("https://a.example.com/", VIOLATED),
        ("https://a.example.com\n", VIOLATED),
        ("https://a_b.example.com", VIOLATED),
        ("https://ä.example.com", VIOLATED),
        ("HTTPS://a.example.com", VIOLATED),
        ("http://a.example.com", VIOLATED),
        ("", VIOLATED),
        (None, UNKNOWN),
    ],
)
def test_an_endpoint_is_https_and_a_host_name(endpoint: str | None, outcome: Outcome) -> None:
    assert the_one(form.proxy_endpoint_is_well_formed, proposed(uri_endpoint=endpoint)).outcome is outcome


@pytest.mark.parametrize(
    "endpoint",
    ["https://10.0.0.1", "https://localhost", "https://a.example.com.", "https://a..b", "https://-a.b"],
)
@pytest.mark.parametrize(
    ("connectivity", "error"),
    [
        ("VPC_ENDPOINT_SERVICE", "XksProxyVpcEndpointServiceInvalidConfigurationException"),
        ("PUBLIC_ENDPOINT", "XksProxyUriUnreachableException"),
    ],
)
def test_an_impossible_name_that_kms_accepts_is_not_a_validation_error(
    endpoint: str, connectivity: str, error: str
) -> None:
    found = the_one(
        form.proxy_endpoint_is_well_formed, proposed(uri_endpoint=endpoint, connectivity=connectivity)
    )
    assert found.outcome is VIOLATED
    assert {each.error for each in found.kms_errors or () if each.operation is Operation.CREATE} == {error}
    assert {(each.likelihood, each.basis) for each in found.kms_errors or ()} == {
        (Likelihood.POSSIBLE, Basis.INFERRED)
    }


@pytest.mark.parametrize("endpoint", ["https://a.b/", "http://a.example.com", "https://a_b.example.com"])
def test_an_endpoint_that_the_pattern_rejects_is_a_validation_error(endpoint: str) -> None:
    found = the_one(form.proxy_endpoint_is_well_formed, proposed(uri_endpoint=endpoint))
    assert found.kms_errors is None  # the declared errors


@pytest.mark.parametrize(
    ("connectivity", "operations"),
    [
        ("VPC_ENDPOINT_SERVICE", {Operation.UPDATE, Operation.CONNECT}),
        ("PUBLIC_ENDPOINT", {Operation.CREATE, Operation.UPDATE, Operation.CONNECT}),
    ],
)
def test_a_version_that_does_not_exist_fails_at_the_proxy(
    connectivity: str, operations: set[Operation]
) -> None:
    found = the_one(
        form.proxy_path_is_well_formed, proposed(uri_path="/kms/xks/v2", connectivity=connectivity)
    )
    assert {each.operation for each in found.kms_errors or ()} == operations
    assert {each.error for each in found.kms_errors or ()} == {
        "XksProxyInvalidConfigurationException",
        "XKS_PROXY_INVALID_CONFIGURATION",
    }
    assert {each.basis for each in found.kms_errors or ()} == {Basis.INFERRED}


@pytest.mark.parametrize("path", ["/kms/xks/v1/", "/" + "a" * 117 + "/kms/xks/v1"])
def test_a_path_that_the_pattern_rejects_is_a_validation_error(path: str) -> None:
    assert the_one(form.proxy_path_is_well_formed, proposed(uri_path=path)).kms_errors is None


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/kms/xks/v1", MET),
        ("/a/kms/xks/v1", MET),
        ("/a//b/kms/xks/v1", MET),
        ("/" + "a" * 116 + "/kms/xks/v1", MET),  # 128 characters
        ("/" + "a" * 117 + "/kms/xks/v1", VIOLATED),
        ("/kms/xks/v2", VIOLATED),
        ("/kms/xks/v01", VIOLATED),
        ("/kms/xks/v", VIOLATED),
        ("/kms/xks/v100", VIOLATED),
        ("/kms/xks/v1/", VIOLATED),
        ("kms/xks/v1", VIOLATED),
        ("//kms/xks/v1", VIOLATED),
        ("/a.b/kms/xks/v1", VIOLATED),
        ("/kms/xks/v1\n", VIOLATED),
        ("/kms/xks/v\N{ARABIC-INDIC DIGIT ONE}", VIOLATED),
        (None, UNKNOWN),
    ],
)
def test_a_path_is_a_prefix_and_version_one(path: str | None, outcome: Outcome) -> None:
    assert the_one(form.proxy_path_is_well_formed, proposed(uri_path=path)).outcome is outcome


@pytest.mark.parametrize(("length", "outcome"), [(121, MET), (122, VIOLATED)])
def test_a_uri_has_at_most_256_characters(length: int, outcome: Outcome) -> None:
    endpoint = "https://" + "a" * 120  # 128 characters; "/health" has 7
    path = "/" + "p" * (length - 12) + "/kms/xks/v1"
    found = the_one(form.proxy_path_is_well_formed, proposed(uri_endpoint=endpoint, uri_path=path))
    assert found.outcome is outcome
    assert ("257 characters" in found.because) is (outcome is VIOLATED)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", MET),
        ("com.amazonaws.vpce.us-gov-west-1.vpce-svc-0123456789abcdef0", MET),
        ("eu.amazonaws.vpce.eusc-de-east-1.vpce-svc-0123456789abcdef0", MET),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789ABCDEF0", VIOLATED),
        ("com.amazonaws.vpce.eu-west-1.vpce-0123456789abcdef0", VIOLATED),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-" + "0" * 26, MET),  # 64 characters
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-" + "0" * 27, VIOLATED),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-1\n", VIOLATED),
        ("", VIOLATED),
        (None, UNKNOWN),
    ],
)
def test_a_service_name_has_the_format_of_aws(name: str | None, outcome: Outcome) -> None:
    evidence = proposed(service_name=name)
    assert the_one(form.endpoint_service_name_is_well_formed, evidence).outcome is outcome


def test_the_service_name_is_not_applicable_to_a_public_key_store() -> None:
    evidence = proposed(connectivity="PUBLIC_ENDPOINT", service_name=None)
    found = the_one(form.endpoint_service_name_is_well_formed, evidence)
    assert found.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("region", "has_kms", "outcome"),
    [
        ("eu-west-1", True, MET),
        ("eu-west-1", None, UNKNOWN),
        ("eu-wst-1", False, UNKNOWN),
        ("cn-north-1", True, VIOLATED),
        ("cn-northwest-1", True, VIOLATED),
        ("us-gov-west-1", True, MET),
        ("us-iso-east-1", True, UNKNOWN),
    ],
)
def test_external_key_stores_exist_in_every_kms_region_except_in_china(
    region: str, has_kms: bool | None, outcome: Outcome
) -> None:
    evidence = proposed(region=region, region_has_kms=has_kms)
    assert the_one(form.region_supports_external_key_stores, evidence).outcome is outcome


def test_without_a_key_store_there_is_no_finding() -> None:
    for declared in (form.proxy_endpoint_is_well_formed, form.region_supports_external_key_stores):
        assert list(declared.judge(looked_at(spec=None))) == []


@given(st.text(max_size=300))
@example("https://a.b\n")
def test_every_accepted_text_matches_the_pattern_of_the_api(text: str) -> None:
    if form.endpoint_fault(text) is None:
        assert re.match(r"\Ahttps://[a-zA-Z0-9.-]+\Z", text)
        assert 10 <= len(text) <= 128
    if form.path_fault(text) is None:
        assert re.match(r"\A((/[a-zA-Z0-9\/_-]+/kms/xks/v[0-9]{1,2})|(/kms/xks/v[0-9]{1,2}))\Z", text)
        assert 10 <= len(text) <= 128
    if form.service_name_fault(text) is None:
        assert 20 <= len(text) <= 64

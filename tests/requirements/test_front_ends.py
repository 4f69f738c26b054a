"""Responses that no XKS proxy gives: the front end, its cause, the evidence, and the fix."""

from typing import Any

import pytest

from probe.model.measurements import BodyForm, HealthDetails
from probe.model.verdicts import Likelihood
from probe.requirements.front_ends import evidence_in, explained
from probe.wire.health import read_health

HTML = "<html><head><title>An error</title></head></html>"
OWN = "the proxy, or what is in front of it,"
SETTINGS = bytes.fromhex("000012 04 00 00000000 0003")
GOAWAY = bytes.fromhex("000008 07 00 00000000 0000")


def details(status: int | None, body: str | bytes = HTML, **fields: Any) -> HealthDetails:
    encoded = body if isinstance(body, bytes) else body.encode()
    reply = read_health(status or 0, encoded)
    known = {"fault": reply.fault, "form": reply.form, "error_name": reply.error_name, **fields}
    return HealthDetails(purpose="health", status=status, body=encoded.decode("utf-8", "replace"), **known)


@pytest.mark.parametrize(
    ("status", "because", "fix"),
    [
        (301, "redirects the request", "without a redirect"),
        (302, "redirects the request", "without a redirect"),
        (308, "redirects the request", "without a redirect"),
        (400, "rejects the form of the request", "accept the private DNS name as Host"),
        (401, "demands its own authentication", "SigV4 signature"),
        (403, "as a web application firewall does", "Exempt POST requests"),
        (404, "does not know the path", "Correct the key store's URI path"),
        (405, "does not allow POST", "Forward POST requests"),
        (426, "speaks only HTTP/2", "Enable HTTP/1.1"),
        (429, "limits the rate of requests", "1,800 requests per second"),
        (464, "speaks only HTTP/2", "Enable HTTP/1.1"),
        (495, "demands a client certificate", "presents no client certificate"),
        (496, "demands a client certificate", "presents no client certificate"),
        (502, "gets no valid answer from the proxy behind it", "TLS or plain HTTP"),
        (503, "has no proxy behind it that it can use", "healthy by its health check"),
        (504, "got no answer in time from the proxy behind it", "KMS waits 250 ms"),
        (521, "has no proxy behind it that it can use", "healthy by its health check"),
        (200, "answers with a web page", "Forward POST requests"),
        (500, "an error page of its own", "pass on its responses"),
    ],
)
def test_each_status_of_a_front_end_has_its_own_cause_and_fix(status: int, because: str, fix: str) -> None:
    found = explained(details(status))
    assert found is not None
    assert because in found.because
    assert f"status {status}; the body is HTML or XML, not JSON; it begins with" in found.because
    assert fix in found.remedy.text
    assert "vendor" not in found.remedy.text
    assert {error.error for error in found.errors} >= {"XKS_PROXY_INVALID_RESPONSE"}


@pytest.mark.parametrize(
    ("fields", "name", "look_at"),
    [
        ({"server": "awselb/2.0"}, "an AWS Application Load Balancer has no proxy", "target group"),
        ({"server": "nginx/1.22.1"}, "nginx has no proxy", "error_log"),
        ({"server": "openresty"}, "nginx has no proxy", "error_log"),
        ({"server": "CloudFront"}, "CloudFront has no proxy", "needs no CDN"),
        ({"server": "cloudflare"}, "Cloudflare has no proxy", "needs no CDN"),
        ({"server": "AkamaiGHost"}, "Akamai has no proxy", "needs no CDN"),
        ({"server": "istio-envoy"}, "Envoy has no proxy", "response flags"),
        ({"server": "Microsoft-HTTPAPI/2.0"}, "HTTP.sys or IIS has no proxy", "httperr"),
        ({"server": "Apache/2.4"}, "Apache has no proxy", "ErrorLog"),
        ({"server": "Caddy"}, "Caddy has no proxy", "Its log"),
        ({"server": "my own/1"}, "what is in front of the proxy has no proxy", "reverse proxy or firewall"),
        ({}, "what is in front of the proxy has no proxy", "reverse proxy or firewall"),
    ],
)
def test_the_front_end_is_named_by_its_server_header(fields: Any, name: str, look_at: str) -> None:
    found = explained(details(503, **fields))
    assert found is not None
    assert name in found.because
    assert look_at in found.remedy.text
    if fields:
        assert f'Server "{fields["server"]}"' in found.because


@pytest.mark.parametrize(
    ("status", "body", "name"),
    [
        (503, "<html><body><h1>503</h1>\nNo server is available to handle this request.</html>", "HAProxy"),
        (403, "<html>Request Rejected. Your support ID is: 12</html>", "an F5 BIG-IP"),
        (403, "<html>Incapsula incident ID: 1-2</html>", "Imperva"),
        (503, "no healthy upstream", "Envoy"),
        (502, "<html><hr><center>nginx/1.22.1</center></html>", "nginx"),
    ],
)
def test_a_front_end_without_a_server_header_is_named_by_its_page(status: int, body: str, name: str) -> None:
    found = explained(details(status, body))
    assert found is not None
    assert found.because.startswith(name)


def test_a_request_without_a_client_certificate_is_recognised_by_nginxs_page() -> None:
    found = explained(details(400, "<html>400 No required SSL certificate was sent</html>"))
    assert found is not None
    assert "demands a client certificate" in found.because


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 501, 503])
def test_an_error_that_the_proxy_may_have_sent_may_have_been_replaced(status: int) -> None:
    """nginx does so with proxy_intercept_errors: its page has the status of the proxy's error."""
    found = explained(details(status, server="nginx/1.22.1"))
    assert found is not None
    assert "If the proxy's log shows the request, the error is the proxy's, and nginx replaces it" in (
        found.remedy.text
    )
    assert "proxy_intercept_errors" in found.remedy.text


@pytest.mark.parametrize("status", [200, 301, 405, 407, 413, 502, 504])
def test_a_response_that_is_no_error_of_the_proxy_api_has_not_been_replaced(status: int) -> None:
    found = explained(details(status, server="nginx/1.22.1"))
    assert found is not None
    assert "replaces" not in found.because + found.remedy.text


def test_a_wrong_credential_may_be_behind_a_web_page_with_401() -> None:
    found = explained(details(401, server="nginx/1.22.1"))
    assert found is not None
    assert found.because.startswith(
        "nginx demands its own authentication, or hides that the proxy refuses the credential ("
    )


def test_an_error_that_may_be_the_proxys_own_is_not_said_to_be_replaced() -> None:
    found = explained(details(403, '{"message": "Forbidden"}'))
    assert found is not None
    assert "replaces" not in found.because + found.remedy.text


def test_the_fix_names_the_front_end_too() -> None:
    found = explained(details(502, server="nginx/1.22.1"))
    assert found is not None
    assert "that nginx uses the proxy's port" in found.remedy.text
    assert "FRONT" not in found.remedy.text


def test_a_redirect_shows_where_to() -> None:
    found = explained(details(301, b"", location="https://x.example.com/\x1b[2J"))
    assert found is not None
    assert 'Location "https://x.example.com/\\x1b[2J"' in found.because


def test_a_compressed_body_has_its_own_fix() -> None:
    found = explained(details(200, b"\x1f\x8b\x08\x00"))
    assert found is not None
    assert "compresses the response" in found.because
    assert "Turn off compression" in found.remedy.text


def test_a_byte_order_mark_may_be_accepted() -> None:
    found = explained(details(200, b'\xef\xbb\xbf{"xksProxyFleetSize": 1}'))
    assert found is not None
    assert "byte order mark" in found.because
    assert {error.likelihood for error in found.errors} == {Likelihood.POSSIBLE}


def test_the_same_name_twice_may_be_accepted() -> None:
    found = explained(details(200, '{"xksProxyFleetSize": 1, "xksProxyFleetSize": 2}'))
    assert found is not None
    assert "the same name twice" in found.because
    assert {error.likelihood for error in found.errors} == {Likelihood.POSSIBLE}


@pytest.mark.parametrize("received", [SETTINGS, GOAWAY])
def test_frames_of_http_2_instead_of_a_response_are_recognised(received: bytes) -> None:
    found = explained(HealthDetails(purpose="health", not_http=received))
    assert found is not None
    assert found.because.startswith("what is in front of the proxy speaks only HTTP/2")
    assert 'it begins with "\\x00\\x00' in found.because


@pytest.mark.parametrize(
    "received",
    [b"SSH-2.0-OpenSSH", b"\x00\x00\x12\x05\x00\x00\x00\x00\x00", SETTINGS[:8], b"\0\0\x12\x04\0\0\0\0\1"],
)
def test_other_bytes_instead_of_a_response_are_no_http_2(received: bytes) -> None:
    assert explained(HealthDetails(purpose="health", not_http=received)) is None


@pytest.mark.parametrize(
    "of_proxy",
    [
        details(200, "{}", fault=None),
        details(503, '{"errorName": "DependencyTimeoutException"}'),
        details(200, "{}"),
        details(200, "nonsense"),
        details(500, "{}"),
        HealthDetails(purpose="health", status=502, server="nginx"),
    ],
    ids=[
        *("good", "an error of the API", "incomplete", "not JSON", "500 without an errorName"),
        "broken off, so not parsed",
    ],
)
def test_responses_of_a_proxy_are_not_explained_by_a_front_end(of_proxy: HealthDetails) -> None:
    assert explained(of_proxy) is None


def test_a_response_without_a_fault_has_its_status_and_headers_as_evidence() -> None:
    redirect = HealthDetails(purpose="health", status=301, server="nginx", location="/x")
    assert evidence_in(redirect) == 'status 301; Server "nginx"; Location "/x"'


def test_the_status_is_in_the_evidence_once() -> None:
    assert evidence_in(details(201, "{}")).startswith("status 201; 200 is required; it begins with")
    assert evidence_in(details(503, "{}")).startswith("status 503; without an errorName; it begins with")
    assert evidence_in(details(200, "")) == "status 200; the body is empty"


def test_json_without_an_error_name_may_be_the_proxys() -> None:
    found = explained(details(401, '{"message": "Unauthorized"}'))
    assert found is not None
    assert found.because.startswith(
        f"{OWN} demands its own authentication, or hides that the proxy refuses the credential (status 401; "
        "without an errorName; "
    )


def test_all_untrusted_text_is_escaped_and_bounded() -> None:
    hostile = "\x1b[31m<|>" * 2000
    found = explained(details(503, f"<{hostile}", server=hostile, location=hostile))
    assert found is not None
    assert "\x1b" not in found.because
    assert len(found.because) < 500


def test_a_body_form_is_known_of_each_parsed_response() -> None:
    bodies = [
        b"",
        b"[]",
        b"{}",
        b"<a>",
        b"\x1f\x8b",
        b"\xef\xbb\xbf{}",
        b"x",
        b"[" * 30_000,
        b'{"a":1,"a":1}',
    ]
    assert {read_health(200, body).form for body in bodies} == set(BodyForm)


CAUSES = {
    "speaks only HTTP/2": (426, 464, 505),
    "demands a client certificate": (495, 496),
    "redirects the request": (301, 302, 303, 307, 308),
    "demands its own authentication": (401, 407),
    "as a web application firewall does": (403,),
    "does not know the path": (404,),
    "does not allow POST": (405,),
    "rejects the form of the request": (400, 413, 414, 421, 431),
    "limits the rate of requests": (429,),
    "gets no valid answer from the proxy behind it": (502, 520, 523, 525, 526),
    "has no proxy behind it that it can use": (503, 521, 530),
    "got no answer in time from the proxy behind it": (504, 522, 524),
    "answers with a web page": (200,),
}


def test_every_other_status_with_a_web_page_is_an_error_page_of_the_front_end() -> None:
    expected = {status: cause for cause, statuses in CAUSES.items() for status in statuses}
    for status in range(100, 600):
        found = explained(details(status))
        assert found is not None
        assert expected.get(status, "answers with an error page of its own") in found.because, status


@pytest.mark.parametrize(("length", "is_cut"), [(60, False), (61, True)], ids=["at the limit", "one over"])
def test_the_evidence_has_the_first_60_characters_of_the_body(length: int, *, is_cut: bool) -> None:
    body = "<" + "x" * (length - 2) + "y"
    assert ('y"' in evidence_in(details(503, body))) is not is_cut
    assert f'"{body[:60]}"' in evidence_in(details(503, body))

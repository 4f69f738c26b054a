"""A preflight as an HTML file: self-contained, without scripts, and safe against untrusted text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from support.accounts.healthy import ACCOUNT, NODES, SPEC, looked_at, node
from support.evidence import NOW_S, tcp, tls

from exporters.report import html, large_client_hello
from exporters.report.preflight import Preflight
from probe.model.evidence import Evidence
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement, Phase
from probe.model.targets import Check, Target
from probe.verdicts.judge import judge

A, B = (node(zone) for zone in NODES)


def health(of: Target, wait_s: float, *managers: str) -> Measurement:
    named = tuple((name, KeyManagerStatus.ACTIVE) for name in managers)
    return Measurement(
        target=of,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S,
        phases_s={Phase.CONNECT: 0.01, Phase.WAIT: wait_s},
        details=HealthDetails(purpose="health", status=200, managers=named),
    )


def page(evidence: Evidence, **changes: object) -> str:
    of = Preflight(report=judge(evidence), evidence=evidence, vantage="agent-1", version="1.2.3")
    return html.text(replace(of, **changes))


def measured(*measurements: Measurement, **account: object) -> Evidence:
    return looked_at(replace(ACCOUNT, **account), targets=(A, B), latest=measurements, recent=measurements)


class Tags(HTMLParser):
    """Collects tags and attributes, and checks that tags are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta", "br", "line", "rect", "wbr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def tags(of: str) -> Tags:
    parser = Tags()
    parser.feed(of)
    parser.close()
    assert parser.open == []
    return parser


FULL = measured(tcp(A), tls(A), health(A, 0.05, "hsm-1"), tcp(B), principals=())


def test_the_file_is_self_contained() -> None:
    content = page(FULL, clock_offset_s=2.0)
    found = tags(content)
    assert not found.tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not {
        name for name in found.attributes if name.startswith("on") or name in {"style", "src", "href"}
    }
    assert "default-src 'none'" in content
    assert "url(" not in content
    assert "@import" not in content


def test_the_page_shows_the_kms_errors_the_fixes_and_the_path() -> None:
    content = page(FULL).replace("<wbr>", "")
    for part in (
        "XksProxyVpcEndpointServiceNotFoundException",
        "aws ec2 modify-vpc-endpoint-service-permissions",
        "xks-eu-west-1a",
        "hsm-1",
        "vpce-svc-",
        "60.0 ms",
        "Unknown: ",
        "unknown does not mean OK",
    ):
        assert part in content


def test_names_of_errors_may_break_only_between_their_words() -> None:
    content = page(FULL)
    assert "Xks<wbr>Proxy<wbr>Vpc<wbr>Endpoint<wbr>Service<wbr>Not<wbr>Found<wbr>Exception" in content
    assert "XKS_<wbr>VPC_<wbr>ENDPOINT_<wbr>SERVICE_<wbr>NOT_<wbr>FOUND" in content


@pytest.mark.parametrize(("wait_s", "is_over"), [(0.24, False), (0.2401, True), (5.0, True)])
def test_a_bar_over_the_limit_is_marked_and_stays_inside_the_drawing(wait_s: float, *, is_over: bool) -> None:
    content = page(measured(health(A, wait_s)))
    assert ("over the limit" in content) is is_over
    for x, size in re.findall(
        r'<rect class="(?:connect|wait)" x="([\d.]+)" y="18" width="([\d.]+)"', content
    ):
        assert float(x) + float(size) <= 501


def test_many_nodes_are_cut_and_the_rest_is_counted() -> None:
    many = tuple(replace(A, name=f"n{number}", host=f"10.0.0.{number}") for number in range(1, 21))
    evidence = looked_at(targets=many, latest=tuple(map(tcp, many)), recent=())
    assert "and 14 more" in page(evidence)


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "\x1b[31m", '"><img src=x onerror=y>', "{{ 7*7 }}", "x" * 70_000, "a\nb"],
)
def test_hostile_text_stays_text(hostile: str) -> None:
    service = replace(ACCOUNT.service, private_dns_name=hostile)  # type: ignore[type-var]
    named = replace(A, name=hostile, zone=hostile)
    account = replace(ACCOUNT, service=service, endpoint_url=hostile)
    spec = replace(SPEC, uri_path=hostile, region=hostile)
    measurement = health(named, 0.05, hostile)
    content = page(
        looked_at(account, spec, targets=(named,), latest=(measurement,), recent=(measurement,)),
        vantage=hostile,
    )
    found = tags(content)
    assert not found.tags & {"script", "img"}
    assert "\x1b" not in content
    assert len(content) < 200_000


def test_without_any_data_the_page_is_still_valid() -> None:
    tags(page(looked_at(None)))


def test_answers_to_a_large_client_hello_have_their_own_section_and_are_escaped() -> None:
    hello = LargeClientHello(
        target=A, started_at_s=1.0, answer=HelloAnswer.SERVER_HELLO, sent_bytes=1470, group="<b>"
    )
    text = page(replace(measured(tls(A)), large_client_hellos=(hello,)))
    assert f"<h2>{large_client_hello.TITLE}</h2>" in text
    assert f"answered, 1,470 bytes sent, key exchange &lt;b&gt;: {A.name}" in text
    assert large_client_hello.TITLE not in page(measured(tls(A)))

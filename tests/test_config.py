"""YAML in, `Settings` or every mistake out."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe import config
from probe.config.schema import Document, json_schema
from probe.config.targets import DEFAULT_CHECKS, DEFAULT_INTERVALS_S, DEFAULT_TIMEOUTS_S
from probe.model.settings import Settings
from probe.model.targets import Check, Question, Role

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "config_errors"
BACKEND = "backends:\n  - {name: b, address: 10.0.0.1}\n"


def parse(text: str) -> Settings:
    return config.parse(text, "test.yaml", Path("/nonexistent"))


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(config.ConfigError) as raised:
        parse(text)
    return raised.value.errors


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_mistake_is_named_by_path_and_remedy(case: Path) -> None:
    with pytest.raises(config.ConfigError) as raised:
        config.load(case)
    said = "\n".join(raised.value.errors).replace(str(case), case.name)
    said = re.sub(r"(is not YAML): .*", r"\1", said)  # libyaml and its Python twin word it differently
    assert said + "\n" == case.with_suffix(".txt").read_text(encoding="utf-8")
    assert all(line.isprintable() for line in raised.value.errors)


def test_there_are_golden_mistakes() -> None:
    assert len(list(GOLDEN.glob("*.yaml"))) >= 35


def test_the_example_gives_the_targets_it_describes() -> None:
    settings = config.load(ROOT / "docs" / "configuration-example.yaml")
    by_name = {target.name: target for target in settings.targets}
    assert list(by_name) == [
        "proxy", "nlb-use1-az1", "nlb-use1-az2", "proxy-1", "proxy-2",
        "hsm-1", "region-eu-central-1", "region-eu-west-3", "vpc-resolver",
    ]  # fmt: skip
    private_name = "myproxy-private.xks.example.com"
    assert settings.private_dns_name == private_name
    assert [by_name[n].server_name for n in ("proxy", "nlb-use1-az1", "proxy-1")] == [private_name] * 3
    assert [plan.check for plan in by_name["proxy-2"].plans] == [Check.TCP, Check.TLS]
    assert by_name["region-eu-central-1"].host == "kms.eu-central-1.amazonaws.com"
    assert by_name["vpc-resolver"].question == Question(name="xks.example.com", record_type="TXT")
    assert by_name["vpc-resolver"].port == 53
    assert {target.key_store for target in settings.targets} == {"cks-1234567890abcdef0"}
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 9911)
    assert (settings.threshold_s, settings.report_interval_s) == (0.035, 10.0)


def test_without_an_address_the_proxy_itself_is_not_probed() -> None:
    settings = parse("proxy: {private_dns_name: proxy.example.com}\n" + BACKEND)
    assert [target.role for target in settings.targets] == [Role.BACKEND]
    assert settings.targets[0].server_name == "proxy.example.com"


def test_a_proxy_by_a_name_that_resolves_is_probed() -> None:
    (target,) = parse("proxy: {private_dns_name: proxy.example.com, host: nlb.example.com}").targets
    assert (target.host, target.server_name) == ("nlb.example.com", "proxy.example.com")


@pytest.mark.parametrize(
    ("role", "text"),
    [
        (Role.PROXY, "proxy: {private_dns_name: p.example.com, address: 10.0.0.1}"),
        (Role.NODE, "nodes: [{name: n, address: 10.0.0.1}]"),
        (Role.BACKEND, BACKEND),
        (Role.KEY_MANAGER, "key_managers: [{name: k, host: 10.0.0.1}]"),
        (Role.REGION, "regions: [eu-west-1]"),
        (Role.RESOLVER, "resolvers: [{name: r, address: 10.0.0.1}]"),
    ],
)
def test_each_role_has_its_checks_at_the_default_times(role: Role, text: str) -> None:
    (target,) = parse(text).targets
    assert target.role is role
    assert tuple(plan.check for plan in target.plans) == DEFAULT_CHECKS[role]
    for plan in target.plans:
        assert plan.interval_s == DEFAULT_INTERVALS_S[plan.check]
        assert plan.timeout_s == DEFAULT_TIMEOUTS_S[plan.check]


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "kms.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "kms.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "kms.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "kms.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_a_region_has_the_endpoint_of_its_partition(region: str, host: str) -> None:
    assert parse(f"regions: [{region}]").targets[0].host == host


def test_a_targets_own_times_win_over_the_files() -> None:
    settings = parse(
        "intervals: {tcp: 20s, tls: 2m}\ntimeouts: {tcp: 1s}\n"
        "backends:\n  - {name: b, address: 10.0.0.1, intervals: {tcp: 5s}, timeouts: {tls: 500ms}}\n"
    )
    times = {plan.check: (plan.interval_s, plan.timeout_s) for plan in settings.targets[0].plans}
    assert times == {Check.ICMP: (1.0, 2.0), Check.TCP: (5.0, 1.0), Check.TLS: (120.0, 0.5)}


@pytest.mark.parametrize(
    ("written", "seconds"), [("35ms", 0.035), ("1s", 1.0), ("0.5", 0.5), ("2", 2.0), ("0.1m", 6.0)]
)
def test_durations_are_text_with_a_unit_or_seconds(written: str, seconds: float) -> None:
    assert parse(f"threshold: {written}\n{BACKEND}").threshold_s == seconds


@pytest.mark.parametrize(
    ("line", "is_fine"),
    [
        ("intervals: {icmp: 100ms}", True),
        ("intervals: {icmp: 99ms}", False),
        ("intervals: {tcp: 1s}\ntimeouts: {tcp: 1s}", True),
        ("intervals: {tcp: 1s}\ntimeouts: {tcp: 1001ms}", False),
        ("intervals: {tcp: 999ms}\ntimeouts: {tcp: 500ms}", False),
        ("key_managers: [{name: k, host: k.example.com, intervals: {tcp: 30s}}]", True),
        ("key_managers: [{name: k, host: k.example.com, intervals: {tcp: 30.001s}}]", False),
        ("nodes: [{name: n, address: 10.0.0.9, port: 65535}]", True),
        ("nodes: [{name: n, address: 10.0.0.9, port: 65536}]", False),
        ("listen: localhost:0", True),
        ("listen: 0.0.0.0:9911", True),
        (f"nodes: [{{name: {'n' * 64}, address: 10.0.0.9}}]", True),
        (f"nodes: [{{name: {'n' * 65}, address: 10.0.0.9}}]", False),
    ],
)
def test_limits_hold_exactly(line: str, is_fine: bool) -> None:
    text = BACKEND + line
    if is_fine:
        assert parse(text).targets
    else:
        assert len(mistakes(text)) == 1


def backends(count: int, check: str) -> str:
    lines = (
        f"  - {{name: b{n}, address: 10.0.{n // 256}.{n % 256}, checks: [{check}]}}"
        for n in range(1, count + 1)
    )
    return "backends:\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("times", "check", "most"),
    [("intervals: {icmp: 100ms}\n", "icmp", 2000), ("intervals: {tcp: 2s}\n", "tcp", 400)],
)
def test_the_caps_in_sum_hold_exactly(times: str, check: str, most: int) -> None:
    assert len(parse(times + backends(most, check)).targets) == most
    (mistake,) = mistakes(times + backends(most + 1, check))
    assert "in sum, at most" in mistake


def test_a_footprint_sums_up_targets_checks_and_rates() -> None:
    footprint = config.describe(parse(BACKEND))
    assert (footprint.targets, footprint.checks) == (1, 3)
    assert footprint.echoes_per_s == 1.0
    assert footprint.connections_per_s == pytest.approx(1 / 15 + 1 / 60)
    assert 100 < footprint.series < 1000


def test_over_1000_targets_a_footprint_is_refused() -> None:
    assert config.describe(parse(backends(1000, "icmp"))).targets == 1000
    with pytest.raises(config.ConfigError, match="1001 targets have histograms"):
        config.describe(parse(backends(1001, "icmp")))


def test_the_template_loads_as_it_is_and_with_every_line_filled_in() -> None:
    assert {target.role for target in parse(config.template()).targets} >= {Role.NODE, Role.KEY_MANAGER}
    filled = re.sub(r"(?m)^( *)# (?=[a-z_]+: |- )", r"\1", config.template())
    filled = re.sub(r"(?m)^extra_authorities.*$", "extra_authorities: []", filled)
    roles = {target.role for target in parse(filled).targets}
    assert roles == set(Role)


def test_an_authority_is_read_from_beside_the_file(tmp_path: Path) -> None:
    pem = certificate()
    (tmp_path / "root.pem").write_bytes(pem)
    (tmp_path / "twice.pem").write_bytes(pem + pem)
    path = tmp_path / "xks-probe.yaml"
    path.write_text(BACKEND + "extra_authorities: [root.pem, twice.pem]\n", encoding="utf-8")
    (der,) = config.load(path).extra_authorities
    assert der[:1] == b"\x30"
    with pytest.raises(config.ConfigError, match="cannot be read"):
        config.load(path, base=tmp_path / "elsewhere")


def certificate() -> bytes:
    """A self-signed root."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding

    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    )
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def test_a_missing_file_is_a_mistake_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="cannot be read: No such file"):
        config.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(("spaces", "is_fine"), [(0, True), (1, False)])
def test_a_megabyte_is_read_and_no_byte_more(tmp_path: Path, spaces: int, is_fine: bool) -> None:
    path = tmp_path / "big.yaml"
    path.write_text(BACKEND + "#" + " " * ((1 << 20) - len(BACKEND) - 1 + spaces), encoding="utf-8")
    if is_fine:
        assert config.load(path).targets
    else:
        with pytest.raises(config.ConfigError, match="larger than 1048576 bytes"):
            config.load(path)


def settings_or_mistakes(text: str) -> Settings | tuple[str, ...]:
    try:
        return parse(text)
    except config.ConfigError as error:
        return error.errors


def is_sound(found: Settings | tuple[str, ...]) -> bool:
    """Settings with something to probe, or at least one mistake that a terminal can show."""
    if isinstance(found, Settings):
        return bool(found.targets)
    return bool(found) and all(line.isprintable() for line in found)


@given(st.text(max_size=300))
def test_any_text_gives_settings_or_mistakes(text: str) -> None:
    assert is_sound(settings_or_mistakes(text))


_leaf = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just("10.0.0.1")
)
_key = st.one_of(
    st.sampled_from([*Document.model_fields, "name", "address", "host", "checks", "tcp"]), st.text(max_size=5)
)
_tree = st.recursive(
    _leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_key, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(st.sampled_from([*Document.model_fields, "x"]), _tree, max_size=5))
def test_any_tree_gives_settings_or_mistakes(tree: dict[str, object]) -> None:
    assert is_sound(settings_or_mistakes(json.dumps(tree)))


def test_the_published_schema_is_that_of_the_models() -> None:
    text = (ROOT / "docs" / "schemas" / "configuration.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(json_schema()))


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = json_schema()
    keys = {key for model in (schema, *schema["$defs"].values()) for key in model["properties"]}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_the_documented_defaults_are_the_defaults() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n# defaults\n(.*?)```", text, re.DOTALL)
    assert block is not None
    assert parse(block[1] + BACKEND) == parse(BACKEND)

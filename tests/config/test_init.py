"""Reading a YAML configuration into `Settings`, or reporting all errors."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import golden_files
from support.settings_from_text import BACKEND, ROOT, parse

from probe import config
from probe.config.schema import Document
from probe.model.settings import Settings
from probe.model.targets import Check, Question

GOLDEN = ROOT / "tests" / "golden" / "config_errors"


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_error_has_its_path_and_a_fix(case: Path) -> None:
    with pytest.raises(config.ConfigError) as raised:
        config.load(case)
    errors = "\n".join(raised.value.errors).replace(str(case), case.name)
    # libyaml and the pure Python parser have different messages.
    errors = re.sub(r"(is not valid YAML): .*", r"\1", errors)
    golden_files.check(case.with_suffix(".txt"), errors + "\n")
    assert all(line.isprintable() for line in raised.value.errors)


def test_there_are_at_least_35_expected_errors() -> None:
    assert len(list(GOLDEN.glob("*.yaml"))) >= 35


def test_the_example_configuration_has_the_described_targets() -> None:
    settings = config.load(ROOT / "docs" / "configuration-example.yaml")
    by_name = {target.name: target for target in settings.targets}
    assert list(by_name) == [
        "proxy", "nlb-use1-az1", "nlb-use1-az2", "proxy-1", "proxy-2",
        "hsm-1", "region-eu-central-1", "region-eu-west-3", "vpc-resolver",
    ]  # fmt: skip
    private_name = "myproxy-private.xks.example.com"
    assert [store.host for store in settings.stores] == [private_name]
    assert [by_name[n].server_name for n in ("proxy", "nlb-use1-az1", "proxy-1")] == [private_name] * 3
    assert [plan.check for plan in by_name["proxy-2"].plans] == [Check.TCP, Check.TLS]
    assert by_name["region-eu-central-1"].host == "kms.eu-central-1.amazonaws.com"
    assert by_name["vpc-resolver"].question == Question(name="xks.example.com", record_type="TXT")
    assert by_name["vpc-resolver"].port == 53
    assert {target.key_store for target in settings.targets} == {"cks-1234567890abcdef0"}
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 9911)
    assert (settings.threshold_s, settings.report_interval_s) == (0.035, 10.0)


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="cannot be read: No such file"):
        config.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(("spaces", "is_valid"), [(0, True), (1, False)])
def test_a_file_of_one_mebibyte_is_read_and_one_byte_more_is_rejected(
    tmp_path: Path, spaces: int, is_valid: bool
) -> None:
    path = tmp_path / "big.yaml"
    path.write_text(BACKEND + "#" + " " * ((1 << 20) - len(BACKEND) - 1 + spaces), encoding="utf-8")
    if is_valid:
        assert config.load(path).targets
    else:
        with pytest.raises(config.ConfigError, match="larger than the maximum of 1048576 bytes"):
            config.load(path)


def settings_or_errors(text: str) -> Settings | tuple[str, ...]:
    try:
        return parse(text)
    except config.ConfigError as error:
        return error.errors


def is_usable(found: Settings | tuple[str, ...]) -> bool:
    """Settings with a target, or at least one printable error."""
    if isinstance(found, Settings):
        return bool(found.targets)
    return bool(found) and all(line.isprintable() for line in found)


@given(st.text(max_size=300))
def test_any_text_gives_settings_or_errors(text: str) -> None:
    assert is_usable(settings_or_errors(text))


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
def test_any_mapping_gives_settings_or_errors(tree: dict[str, object]) -> None:
    assert is_usable(settings_or_errors(json.dumps(tree)))

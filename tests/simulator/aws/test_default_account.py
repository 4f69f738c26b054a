"""A scenario without an account gets a healthy one, and keeps everything that it has."""

from simulator import load_scenario, with_account
from simulator.scenario.reader import read_scenario

RECORD = ("_abc123.xks.example.com", "TXT", ("vpce:l6p0ERxlTt45jevFwOCp",))


def records(name: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(r.name, r.record_type, r.answers) for r in with_account(load_scenario(name)).records]


def test_a_scenario_without_an_account_gets_a_healthy_one_with_its_dns_records() -> None:
    whole = with_account(load_scenario("healthy"))
    assert whole.account is not None
    assert whole.account.key_stores == ({},)
    assert [server.name for server in whole.name_servers] == ["dns-1"]
    assert records("healthy") == [
        ("example.com", "NS", ("dns-1.example.com.",)),
        ("xks.example.com", "NS", ("dns-1.example.com.",)),
        RECORD,
    ]


def test_cloudwatch_has_metrics_only_where_nothing_is_wrong() -> None:
    healthy, broken = (
        with_account(load_scenario("healthy")).account,
        with_account(load_scenario("default")).account,
    )
    assert healthy is not None
    assert broken is not None
    assert {each.metric for each in healthy.metrics} == {
        *("XksProxyLatency", "XksProxyErrors", "XksExternalKeyManagerStates"),
        *("EndpointsCount", "ActiveConnections", "NewConnections", "RstPacketsSent"),
    }
    assert broken.metrics == ()


def test_the_hosts_and_the_expectations_stay_the_same() -> None:
    before = load_scenario("dead-zone")
    after = with_account(before)
    assert (after.name, after.nodes, after.backends) == (before.name, before.nodes, before.backends)
    assert after.expect == before.expect


def test_a_scenario_keeps_its_own_account_name_servers_and_records() -> None:
    own = {
        **load_scenario("healthy").document,
        "account": {"region": "eu-west-1"},
        "name_servers": [{"name": "mine", "rtt": "1ms"}],
        "records": [{"name": "_abc123.xks.example.com", "type": "TXT", "answers": ["vpce:mine"]}],
    }
    whole = with_account(read_scenario("own", own))
    assert whole.account is not None
    assert whole.account.region == "eu-west-1"
    assert [server.name for server in whole.name_servers] == ["mine"]
    assert [r.answers for r in whole.records] == [
        ("vpce:mine",),
        ("mine.example.com.",),
        ("mine.example.com.",),
    ]


def test_a_record_that_is_there_already_is_not_added_again() -> None:
    assert records("default").count(RECORD) == 1
    assert records("domain-not-verified")[0] == (*RECORD[:2], ("vpce:another",))
    assert RECORD not in records("domain-not-verified")


def test_a_scenario_without_a_load_balancer_gets_no_account() -> None:
    regions = load_scenario("regions-34")
    assert with_account(regions) is regions

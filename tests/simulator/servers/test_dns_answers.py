import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.addressing import assign_addresses
from simulator.scenario.reader import read_scenario
from simulator.servers.dns_answers import Zones, answer_query, zones_of

LONG = "x" * 600


def the_zones(server: str | None = None) -> Zones:
    document = {
        "regions": {"eu-central-1": "9ms"},
        "key_managers": [{"name": "hsm-1", "rtt": "1ms"}],
        "name_servers": [{"name": "dns-1"}, {"name": "dns-2"}],
        "records": [
            {"name": "_v.xks.example.com", "type": "TXT", "answers": ['a "quoted" text']},
            {"name": "long.example.com", "type": "TXT", "answers": [LONG]},
            {"name": "broken.example.com", "type": "A", "rcode": "SERVFAIL"},
            {"name": "silent.example.com", "type": "A", "silent": True},
            {"name": "example.com", "type": "NS", "answers": ["dns-1.example.com", "dns-2.example.com."]},
            {"name": "late.example.com", "type": "A", "answers": ["10.0.0.1"], "delay": "2s"},
            {"name": "cut.example.com", "type": "TXT", "answers": ["short"], "truncated": True},
            {"name": "own.example.com", "type": "TXT", "answers": ["own"], "servers": ["dns-2"]},
            {"name": "both.example.com", "type": "TXT", "answers": ["own"], "servers": ["dns-2"]},
            {"name": "both.example.com", "type": "TXT", "answers": ["all"]},
            {"name": "refused.example.com", "type": "TXT", "rcode": "REFUSED", "servers": ["dns-1"]},
        ],
    }
    scenario = read_scenario("mine", document)
    return zones_of(scenario, assign_addresses(scenario), server)


def ask(
    name: str, record_type: str, *, over_udp: bool = True, edns: bool = False, server: str | None = None
) -> dns.message.Message | None:
    query = dns.message.make_query(name, record_type, use_edns=0 if edns else -1, payload=1232)
    answer = answer_query(the_zones(server), query.to_wire(), over_udp=over_udp)
    if answer is None:
        return None
    message = dns.message.from_wire(answer.data)
    assert query.is_response(message)
    return message


@pytest.mark.parametrize(
    ("name", "record_type", "rcode", "text"),
    [
        ("kms.eu-central-1.amazonaws.com", "A", "NOERROR", "10.78.1.11"),
        ("KMS.EU-Central-1.AmazonAWS.com", "A", "NOERROR", "10.78.1.11"),
        ("hsm-1.example.com", "A", "NOERROR", "10.78.4.11"),
        ("_v.xks.example.com", "TXT", "NOERROR", '"a \\"quoted\\" text"'),
        ("hsm-1.example.com", "TXT", "NOERROR", None),
        ("xks.example.com", "A", "NOERROR", None),  # there is a name below it: RFC 8020
        ("myproxy-private.xks.example.com", "A", "NXDOMAIN", None),
        ("broken.example.com", "A", "SERVFAIL", None),
        ("example.org", "A", "REFUSED", None),
    ],
)
def test_a_query_gets_its_response_code_and_record(
    name: str, record_type: str, rcode: str, text: str | None
) -> None:
    message = ask(name, record_type)
    assert message is not None
    assert dns.rcode.to_text(message.rcode()) == rcode
    assert [item.to_text() for rrset in message.answer for item in rrset] == ([text] if text else [])
    assert bool(message.authority) is (text is None and rcode in {"NOERROR", "NXDOMAIN"})


def test_every_zone_has_a_soa_record() -> None:
    message = ask("amazonaws.com", "SOA")
    assert message is not None
    assert message.answer[0].to_text().startswith("amazonaws.com. 300 IN SOA ns.amazonaws.com.")
    assert message.flags & dns.flags.AA


def test_a_silent_record_gets_no_response() -> None:
    assert ask("silent.example.com", "A") is None


def test_a_response_too_long_for_plain_udp_is_truncated_only_there() -> None:
    cut, extended, over_tcp = (
        ask("long.example.com", "TXT"),
        ask("long.example.com", "TXT", edns=True),
        ask("long.example.com", "TXT", over_udp=False),
    )
    assert cut is not None
    assert extended is not None
    assert over_tcp is not None
    assert (bool(cut.flags & dns.flags.TC), cut.answer) == (True, [])
    for message in (extended, over_tcp):
        assert not message.flags & dns.flags.TC
        assert b"".join(message.answer[0][0].strings) == LONG.encode()


def test_a_servers_own_records_override_the_shared_ones() -> None:
    def response_to(name: str, server: str) -> tuple[str, list[str]]:
        message = ask(name, "TXT", server=server)
        assert message is not None
        return dns.rcode.to_text(message.rcode()), [i.to_text() for rrset in message.answer for i in rrset]

    assert response_to("own.example.com", "dns-1") == ("NXDOMAIN", [])
    assert response_to("own.example.com", "dns-2") == ("NOERROR", ['"own"'])
    assert response_to("both.example.com", "dns-1") == ("NOERROR", ['"all"'])
    assert response_to("both.example.com", "dns-2") == ("NOERROR", ['"own"'])
    assert response_to("refused.example.com", "dns-1") == ("REFUSED", [])
    assert response_to("refused.example.com", "dns-2") == ("NXDOMAIN", [])


def test_the_servers_of_a_zone_are_found_with_their_addresses() -> None:
    message = ask("example.com", "NS")
    assert message is not None
    assert sorted(item.to_text() for item in message.answer[0]) == [
        "dns-1.example.com.",
        "dns-2.example.com.",
    ]
    address = ask("dns-2.example.com", "A")
    assert address is not None
    assert address.answer[0][0].to_text() == "10.78.5.54"


def test_a_record_can_be_truncated_only_over_udp() -> None:
    cut, over_tcp = ask("cut.example.com", "TXT"), ask("cut.example.com", "TXT", over_udp=False)
    assert cut is not None
    assert over_tcp is not None
    assert (bool(cut.flags & dns.flags.TC), cut.answer) == (True, [])
    assert (bool(over_tcp.flags & dns.flags.TC), over_tcp.answer[0][0].to_text()) == (False, '"short"')


def test_a_delayed_response_has_its_delay() -> None:
    for name, delay_s in (("late.example.com", 2.0), ("hsm-1.example.com", 0.0)):
        response = answer_query(the_zones(), dns.message.make_query(name, "A").to_wire(), over_udp=True)
        assert response is not None
        assert response.delay_s == delay_s


ZONES = the_zones()
QUERY = dns.message.make_query("hsm-1.example.com", "A").to_wire()


@given(st.binary(max_size=100), st.integers(0, len(QUERY)), st.booleans())
def test_any_bytes_are_answered_or_ignored(data: bytes, kept: int, over_udp: bool) -> None:
    for query in (data, QUERY[:kept] + data):
        answer = answer_query(ZONES, query, over_udp=over_udp)
        assert answer is None or len(answer.data) >= 12

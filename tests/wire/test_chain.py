"""Certificate paths, built by following the signatures of the certificates that a server sent."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from support.evidence import DAY_S, HOST, NOW_S, PrivateKey, Signer, issue, with_sha1
from support.tls.certificates import Pki

from probe.network.tls_session import MAX_CHAIN
from probe.requirements.evidence.authorities import kms_authorities
from probe.wire.chain import (
    MAX_CERTIFICATES,
    MAX_PATHS,
    Ending,
    Path,
    Roots,
    build,
    name_key_of_values,
    subject_text,
)

ROOT = issue("Root", ca=True)
MIDDLE = issue("Middle", by=ROOT, ca=True)
LEAF = issue(HOST, by=MIDDLE)
OTHER = issue("Other", ca=True)
ROOTS = Roots.of([ROOT.der])
LEGACY = issue("Legacy", key=rsa.generate_private_key(65537, 2048), ca=True)


def legacy_leaf() -> Signer:
    return with_sha1(issue(HOST, by=LEGACY))


def built(*signers: Signer, roots: Roots = ROOTS) -> Path:
    return build(tuple(signer.der for signer in signers), roots)[0]


def positions(path: Path) -> list[int | None]:
    return [link.position for link in path.links]


def test_a_root_need_not_be_sent() -> None:
    path = built(LEAF, MIDDLE)
    assert (path.ending, positions(path), path.in_order) == (Ending.ROOT, [0, 1, None], True)


def test_a_root_may_be_sent() -> None:
    path = built(LEAF, MIDDLE, ROOT)
    assert (path.ending, positions(path), path.in_order) == (Ending.ROOT, [0, 1, 2], True)


def test_a_path_sent_in_another_order_is_found_and_marked() -> None:
    path = built(LEAF, ROOT, MIDDLE)
    assert (path.ending, positions(path), path.in_order) == (Ending.ROOT, [0, 2, 1], False)


def test_a_missing_intermediate_ends_the_path_at_the_leaf() -> None:
    path = built(LEAF)
    assert (path.ending, path.links[-1].issuer) == (Ending.MISSING_ISSUER, "CN=Middle")


def test_without_roots_the_path_follows_the_signatures_as_far_as_possible() -> None:
    assert positions(built(LEAF, MIDDLE, roots=Roots())) == [0, 1]


def test_a_self_signed_certificate_that_is_not_a_root_is_distinguished() -> None:
    path = built(LEAF, MIDDLE, ROOT, roots=Roots())
    assert (path.ending, positions(path)) == (Ending.SELF_SIGNED, [0, 1, 2])


def test_an_unrelated_certificate_is_spare() -> None:
    path = built(LEAF, OTHER, MIDDLE)
    assert (positions(path), path.spare, path.in_order) == ([0, 2, None], (1,), True)


def test_a_matching_name_with_another_key_does_not_continue_the_path() -> None:
    forged = issue("Middle", ca=True)
    path = built(LEAF, forged)
    assert (path.ending, path.spare) == (Ending.MISSING_ISSUER, (1,))


def test_a_cross_signed_root_continues_the_path() -> None:
    modern = issue("Modern", ca=True)
    crossed = issue("Modern", by=ROOT, key=modern.key, ca=True)
    path = built(issue(HOST, by=modern), crossed)
    assert (path.ending, path.links[-1].subject) == (Ending.ROOT, "CN=Root")


def test_a_loop_of_cross_signatures_ends() -> None:
    a, b = issue("A", ca=True), issue("B", ca=True)
    path = built(
        issue(HOST, by=a), issue("A", by=b, key=a.key, ca=True), issue("B", by=a, key=b.key, ca=True)
    )
    assert path.ending is Ending.MISSING_ISSUER


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA", "ECDSA P-384", "Ed25519"],
)
def test_signatures_by_all_common_key_types_are_verified(key: PrivateKey) -> None:
    root = issue("Kind", key=key, ca=True)
    assert built(issue(HOST, by=root), roots=Roots.of([root.der])).ending is Ending.ROOT


def test_bytes_that_are_not_a_certificate_are_skipped() -> None:
    path = build((LEAF.der, b"\x30\x00", MIDDLE.der), ROOTS)[0]
    assert (path.ending, path.unreadable) == (Ending.ROOT, (1,))


def test_a_malformed_extension_makes_a_ca_unreadable_but_not_a_leaf() -> None:
    """A path needs a CA's extensions but not a leaf's. The cryptography library reads all extensions or none."""
    pki = Pki()
    malformed, middle = pki.edited(b"\x82\x05a.com", b"\x87\x05\1\2\3\4\5", san=("a.com", HOST))
    roots = Roots.of([pki.root.der])
    assert build((malformed.der, middle.der), roots)[0].ending is Ending.ROOT
    assert build((middle.der, malformed.der), roots)[0].unreadable == (1,)


def test_an_unreadable_leaf_has_no_path() -> None:
    assert build((b"leaf", MIDDLE.der), ROOTS) == ()
    assert build((), ROOTS) == ()


@pytest.mark.parametrize(
    ("between", "ending"),
    [(MAX_CERTIFICATES - 2, Ending.ROOT), (MAX_CERTIFICATES - 1, Ending.MISSING_ISSUER)],
    ids=["the sixteenth certificate is used", "the seventeenth is not"],
)
def test_only_sixteen_certificates_are_used(between: int, ending: Ending) -> None:
    assert built(LEAF, *[OTHER] * between, MIDDLE).ending is ending


def test_whether_a_certificate_is_a_ca_is_read_from_its_extensions() -> None:
    limited = issue("Limited", by=ROOT, ca=True, path_length=0)
    path = built(issue(HOST, by=limited), limited)
    assert [(link.is_ca, link.path_length) for link in path.links] == [
        (False, None),
        (True, 0),
        (True, None),
    ]


def test_a_root_with_an_unsupported_signature_algorithm_is_still_self_signed() -> None:
    # DigiCert Global Root CA is signed with SHA-1.
    roots = (root for named in kms_authorities().roots.by_subject.values() for root in named)
    old = next(root for root in roots if isinstance(root.signature_hash_algorithm, SHA1))
    path = build((old.public_bytes(Encoding.DER),), Roots())[0]
    assert path.ending is Ending.SELF_SIGNED


def test_a_root_with_an_unreadable_key_is_not_self_signed() -> None:
    der = ROOT.certificate.public_bytes(Encoding.DER)
    curve = der.index(bytes.fromhex("06072a8648ce3d0201")) + 9  # the parameters of id-ecPublicKey
    broken = der[:curve] + bytes(6) + der[curve + 6 :]
    assert all(path.ending is not Ending.SELF_SIGNED for path in build((broken,), Roots()))


def test_a_self_issued_certificate_with_another_key_is_not_self_signed() -> None:
    renewed = issue("Root", by=ROOT, ca=True)
    assert built(renewed, roots=Roots()).ending is Ending.MISSING_ISSUER


@given(st.lists(st.binary(max_size=64), max_size=4))
def test_no_bytes_raise_an_exception(chain: list[bytes]) -> None:
    build(tuple(chain), ROOTS)


@given(
    st.integers(min_value=0, max_value=len(LEAF.certificate.tbs_certificate_bytes) - 1),
    st.integers(min_value=1, max_value=255),
)
@settings(max_examples=300)
def test_a_leaf_with_a_changed_signed_byte_never_reaches_a_root(at: int, change: int) -> None:
    der = bytearray(LEAF.der)
    der[LEAF.der.index(LEAF.certificate.tbs_certificate_bytes) + at] ^= change
    paths = build((bytes(der), MIDDLE.der), ROOTS)
    assert all(path.ending is not Ending.ROOT for path in paths)


@given(st.integers(min_value=0, max_value=len(LEAF.der) - 1), st.integers(min_value=0, max_value=255))
def test_a_leaf_with_any_changed_byte_raises_no_exception(at: int, byte: int) -> None:
    build((LEAF.der[:at] + bytes([byte]) + LEAF.der[at + 1 :], MIDDLE.der), ROOTS)


def test_as_many_certificates_are_used_as_the_tls_client_keeps() -> None:
    assert MAX_CERTIFICATES == MAX_CHAIN
    signers = [ROOT]
    for n in range(MAX_CERTIFICATES - 1):
        signers.append(issue(f"Step {n}", by=signers[-1], ca=True))
    path = built(issue(HOST, by=signers[-1]), *reversed(signers[1:]))
    assert (path.ending, len(path.links)) == (Ending.ROOT, MAX_CERTIFICATES + 1)


@pytest.mark.parametrize("step", [1, -1], ids=["as sent", "in reverse order"])
def test_of_two_issuers_with_the_same_name_and_key_the_one_that_expires_last_comes_first(step: int) -> None:
    twin = issue("Middle", by=ROOT, key=MIDDLE.key, ca=True, to_s=NOW_S - DAY_S)
    paths = build((LEAF.der, *[MIDDLE.der, twin.der][::step]), ROOTS)
    assert [path.links[1].not_after_s for path in paths] == [NOW_S + 30 * DAY_S, NOW_S - DAY_S]


def test_of_two_issuers_with_the_same_name_and_key_the_ca_comes_first() -> None:
    twin = issue("Middle", by=ROOT, key=MIDDLE.key, to_s=NOW_S + 90 * DAY_S)
    assert positions(built(LEAF, twin, MIDDLE)) == [0, 2, None]


def test_the_number_of_paths_is_bounded_and_a_root_is_still_found() -> None:
    keys = [MIDDLE.key, issue("Upper", ca=True).key]
    upper = [issue("Upper", by=ROOT, key=keys[1], ca=True) for _ in range(7)]
    lower = [issue("Middle", by=upper[0], key=keys[0], ca=True) for _ in range(7)]
    looped = [issue("Middle", by=LEAF, key=keys[0], ca=True)]
    paths = build(tuple(each.der for each in (LEAF, *lower, *upper, *looped)), ROOTS)
    assert paths[0].ending is Ending.ROOT
    assert len(paths) <= MAX_PATHS + MAX_CERTIFICATES


def test_a_shorter_incomplete_path_is_not_an_alternative() -> None:
    assert len(build((LEAF.der, MIDDLE.der), Roots())) == 1


@pytest.mark.parametrize("roots", [Roots.of([LEGACY.der]), Roots()], ids=["as a root", "in the sent chain"])
def test_an_unsupported_signature_algorithm_is_distinguished_from_a_missing_issuer(roots: Roots) -> None:
    path = built(legacy_leaf(), LEGACY, roots=roots)
    assert (path.ending, path.unverifiable) == (Ending.MISSING_ISSUER, "SHA-1")


def test_an_unsupported_signature_algorithm_without_its_issuer_is_a_missing_issuer() -> None:
    assert built(legacy_leaf(), roots=Roots()).unverifiable == ""


def test_name_keys_ignore_case_and_order() -> None:
    assert name_key_of_values(["US", "Root"]) == name_key_of_values(["root", "us"])


def test_the_subject_of_unreadable_bytes_is_empty() -> None:
    assert (subject_text(ROOT.der), subject_text(b"")) == ("CN=Root", "")

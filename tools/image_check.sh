#!/usr/bin/env bash
# Builds the image and runs it, without a container daemon: buildah with chroot isolation, as root.
#
#   tools/image_check.sh           makes a Debian 13 base with debootstrap and builds on it
#   tools/image_check.sh BASE      builds on an image (a name) or on a root file system (a directory)
#
# The unit tests also run on the base, with its Python: 3.13 on Debian 13.
# XKS_PROBE_DEBIAN_MIRROR: the mirror for debootstrap, if not its default. PIP_INDEX_URL, PIP_CERT and similar
# variables are passed to pip in the build. Prints each check and the time when it ended.
set -euo pipefail
cd "$(dirname "$0")/.."

storage=$(mktemp -d)
cleanup() {
  buildah_ rm --all >/dev/null 2>&1 || true
  buildah_ rmi --all --force >/dev/null 2>&1 || true
  rm -rf "$storage"
}
# Separate storage: this machine's images are not touched, and nothing remains afterwards.
buildah_() { buildah --storage-driver vfs --root "$storage/root" --runroot "$storage/run" "$@"; }
trap cleanup EXIT

started=$SECONDS
step() { printf '%4d s  %s\n' "$((SECONDS - started))" "$*"; }
fail() { printf 'image_check: %s\n' "$*" >&2; exit 1; }

import_base() {  # a root file system to an image named xks-probe-base
  local container
  container=$(buildah_ from scratch)
  buildah_ add --quiet "$container" "$1" / >/dev/null
  buildah_ commit --quiet "$container" xks-probe-base >/dev/null
  buildah_ rm "$container" >/dev/null
}

base=${1:-}
if [ -z "$base" ]; then
  command -v debootstrap >/dev/null || fail "debootstrap is missing; install it, or name a base"
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie "$storage/base" \
    ${XKS_PROBE_DEBIAN_MIRROR:+"$XKS_PROBE_DEBIAN_MIRROR"} >"$storage/debootstrap.log" 2>&1 \
    || { tail -5 "$storage/debootstrap.log" >&2; fail "debootstrap failed"; }
  base=$storage/base
  step "base made"
fi
if [ -d "$base" ]; then
  import_base "$base"
  rm -rf "$storage/base"
  base=xks-probe-base
  step "base imported"
fi

arguments=() pip=()
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_CERT; do
  [ -z "${!name:-}" ] || { arguments+=(--build-arg "$name=${!name}"); pip+=(--env "$name=${!name}"); }
done
[ -z "${PIP_CERT:-}" ] || { arguments+=(--volume "$PIP_CERT:$PIP_CERT:ro"); pip+=(--volume "$PIP_CERT:$PIP_CERT:ro"); }
buildah_ bud --isolation chroot --format docker --build-arg "BASE=$base" "${arguments[@]}" \
  --tag xks-probe . >"$storage/build.log" 2>&1 || { tail -40 "$storage/build.log" >&2; fail "the build failed"; }
step "image built"

# The tests run on the files of the working tree, committed or not, with the hash-locked development requirements.
git ls-files --cached --others --exclude-standard -z | tar --null --files-from - --create --file "$storage/tree.tar"
tests=$(buildah_ from "$base")
buildah_ add --quiet "$tests" "$storage/tree.tar" /src >/dev/null
rm "$storage/tree.tar"
on_base() { buildah_ run --isolation chroot "${pip[@]}" "$tests" -- sh -euc "cd /src; $1"; }
on_base 'python3 -m venv /venv
  /venv/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes -r requirements/dev.txt' \
  >"$storage/tests.log" 2>&1 || { tail -20 "$storage/tests.log" >&2; fail "the development requirements could not be installed"; }
step "development requirements installed on the base"
on_base 'PYTHONPATH=/src PYTHONDONTWRITEBYTECODE=1 \
  /venv/bin/python -m pytest -m "not loopback and not real" -q -n auto -p no:cacheprovider' \
  >"$storage/tests.log" 2>&1 || { tail -80 "$storage/tests.log" >&2; fail "the unit tests failed on the base"; }
step "unit tests with $(on_base '/venv/bin/python --version'): $(tail -1 "$storage/tests.log")"
buildah_ rm "$tests" >/dev/null

container=$(buildah_ from xks-probe)
inside() { buildah_ run --isolation chroot --user 65532:65532 "$container" -- "$@"; }
version=$(inside xks-probe --version)
step "$version"
[ "$(inside id -u)" = 65532 ] || fail "it does not run as 65532"
# In a network namespace that allows unprivileged pings, as container engines set it; as user 65532, without capabilities.
declare -f buildah_ inside >"$storage/functions.sh"
storage=$storage container=$container unshare --net bash -euc '
  ip link set lo up
  echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range
  . "$storage/functions.sh"
  inside xks-probe ping 127.0.0.1 -n 1 --format json' >"$storage/ping.json" || fail "ping 127.0.0.1 failed"
grep -q '"timestamps":"kernel".*"failure":null' "$storage/ping.json" || fail "no round trip: $(cat "$storage/ping.json")"
step "ping 127.0.0.1: $(cut -c1-160 "$storage/ping.json")"
inside python3 -c 'import importlib.util as u, sys; sys.exit(any(map(u.find_spec, ("pip", "setuptools", "ensurepip"))))' \
  || fail "a package installer is left in the image"
[ "$(buildah_ inspect --type image --format '{{.Docker.Config.User}}' xks-probe)" = 65532:65532 ] || fail "no USER"
buildah_ inspect --type image --format '{{.Docker.Config.Healthcheck}}' xks-probe | grep -q healthy || fail "no HEALTHCHECK"
step "no pip inside, user 65532, health check set"
printf '%4d s  all\n' "$((SECONDS - started))"

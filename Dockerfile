# syntax=docker/dockerfile:1
# To build on another Debian-based image with Python 3.11 or later and its venv module: --build-arg BASE=…
# Debian 13 with Python 3.13.14. The digest is that of the index of all architectures (amd64, arm64 and six more),
# from Docker's record: docker-library/repo-info on GitHub, repos/python/remote/3.13-slim-trixie.md at commit
# 2986dca3a80cb11b70fc4599941096374ea9e509, of an image made on 2026-08-05. Newer digests are in the same file.
ARG BASE=docker.io/library/python:3.13-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6

FROM ${BASE} AS builder
# pip's settings, for a mirror or a private certificate: --build-arg PIP_INDEX_URL=… and so on.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/run.txt requirements/build.txt requirements/
# Two environments, so that the build tools are not in the image.
RUN python3 -m venv /build \
 && /build/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt \
 && python3 -m venv /opt/xks-probe \
 && /opt/xks-probe/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY deploy/systemd deploy/systemd
COPY docs/man docs/man
COPY probe probe
COPY exporters exporters
COPY simulator simulator
RUN /build/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/xks-probe/bin/python -m pip install --quiet --no-deps --no-index /wheels/*.whl \
 && /opt/xks-probe/bin/python -m compileall -q /opt/xks-probe/lib \
 && /opt/xks-probe/bin/python -m pip uninstall --quiet --yes setuptools pip \
 && rm -f /opt/xks-probe/bin/pip* /opt/xks-probe/bin/activate* /opt/xks-probe/bin/Activate*

FROM ${BASE}
LABEL org.opencontainers.image.title="xks-probe" \
      org.opencontainers.image.description="Network diagnostics for AWS KMS external key stores" \
      org.opencontainers.image.licenses="Apache-2.0"
# Bytecode was compiled above; the root file system may be read-only.
ENV PATH=/opt/xks-probe/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1
COPY --from=builder /opt/xks-probe /opt/xks-probe
# Remove all package installers, also those of the base image.
RUN for name in pip setuptools wheel pkg_resources; do \
      rm -rf /usr/local/lib/python3*/site-packages/"$name"* /usr/lib/python3/dist-packages/"$name"*; \
    done \
 && rm -rf /usr/local/bin/pip* /usr/bin/pip* /usr/local/bin/wheel /usr/share/python-wheels \
           /usr/local/lib/python3*/ensurepip /usr/lib/python3*/ensurepip \
 && mkdir -p /etc/xks-probe
# ICMP needs no capability if net.ipv4.ping_group_range includes the group, as container engines set it; otherwise it
# needs CAP_NET_RAW. Not by setcap on the interpreter, which would give the capability to every Python program.
USER 65532:65532
WORKDIR /tmp
EXPOSE 9911
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9911/-/healthy', timeout=2)"]
ENTRYPOINT ["xks-probe"]
CMD ["run", "-c", "/etc/xks-probe/xks-probe.yaml"]

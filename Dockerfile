# The server in a container:
#   docker build -t guildway . && docker run -p 8080:8080 -p 8081:8081 -p 8083:8083 -p 8083:8083/udp -v guildway:/data guildway
#
# The same image is each process of a cluster: deploy/compose and deploy/kubernetes say how.
# The root may be read-only (`--read-only --tmpfs /tmp`): the server writes to /data alone.
#
# The first stage has compilers and makes /opt/guildway, a virtual environment of the server. The second stage has that
# environment and Python.

ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
# Debian keeps one version of a package, so a build with a pinned version breaks when the next one comes.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Libraries have a layer of their own, which stays when Guildway's code changes.
COPY requirements/runtime.lock requirements/cluster.lock requirements/
RUN python -m venv /opt/guildway \
 && /opt/guildway/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.lock \
 && /opt/guildway/bin/pip install --no-cache-dir --require-hashes -r requirements/cluster.lock
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE NOTICE ./
COPY core_ext core_ext
COPY core core
COPY api api
COPY gateway gateway
COPY voice voice
COPY shardctl shardctl
COPY guildway guildway
# Packages that only the build needs are removed again, pip last.
RUN /opt/guildway/bin/pip install --no-cache-dir --no-index --no-deps --no-build-isolation . \
 && /opt/guildway/bin/pip uninstall --yes --quiet cython setuptools pip \
 && /opt/guildway/bin/guildway version

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Guildway" \
      org.opencontainers.image.description="A self-hosted backend that speaks Discord's API v10" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 guildway \
 && useradd --system --uid 10001 --gid guildway --home-dir /data --no-create-home --shell /usr/sbin/nologin guildway \
 && install -d -o guildway -g guildway -m 700 /data
COPY --from=build /opt/guildway /opt/guildway
# -e sets any option: GUILDWAY_<SECTION>_<OPTION>. The metrics' port is for other containers; do not publish it.
ENV PATH=/opt/guildway/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GUILDWAY_DATA=/data \
    GUILDWAY_METRICS=0.0.0.0:8082
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080 8081 8082 8083/tcp 8083/udp
# The server is process 1 and gets SIGTERM itself; it ends within five seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["guildway", "health"]
ENTRYPOINT ["guildway"]
CMD ["run"]

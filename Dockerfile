# Passerelle as one image: `serve` starts everything (one machine); the other subcommands are one process each.
#
#   docker build -t passerelle .
#   docker run --rm --network host -v passerelle:/data passerelle
#
# Media needs UDP straight to the machine's address: --network host, or a TURN server and published port ranges
# (docs/operations.md). tests/fresh_machine/docker_steps.py executes these steps without Docker.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/passerelle
COPY requirements.lock ./
RUN /opt/passerelle/bin/pip install --no-cache-dir --disable-pip-version-check --quiet --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY relay ./relay
COPY signaling ./signaling
COPY interpreter_queue ./interpreter_queue
RUN /opt/passerelle/bin/pip install --no-cache-dir --disable-pip-version-check --quiet --no-deps .
# The media workers' forwarding, compiled. The compilers stay behind in this stage
COPY requirements-compile.lock ./
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev \
    && /opt/passerelle/bin/pip install --no-cache-dir --disable-pip-version-check --quiet --require-hashes --target /tmp/tools -r requirements-compile.lock \
    && PYTHONPATH=/tmp/tools PASSERELLE_DATA_DIR=/tmp/compile PASSERELLE_COMPILED_DIR=/opt/passerelle/compiled /opt/passerelle/bin/passerelle compile
# Checked by SHA-256; in the image, so that it starts without a package index.
RUN PASSERELLE_DATA_DIR=/tmp/models PASSERELLE_MODEL_DIR=/opt/passerelle/models /opt/passerelle/bin/passerelle models

FROM python:3.11-slim-bookworm
# MediaPipe's and OpenCV's libraries; Redis for `serve` (a configured PASSERELLE_REDIS_URL is used instead)
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates libxcb1 libgl1 libglib2.0-0 libegl1 libgles2 redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 990 --home-dir /data --shell /usr/sbin/nologin passerelle \
    && install -d -o passerelle -g passerelle -m 0700 /data
COPY --from=build /opt/passerelle /opt/passerelle
ENV PATH=/opt/passerelle/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PASSERELLE_DATA_DIR=/data \
    PASSERELLE_MODEL_DIR=/opt/passerelle/models \
    PASSERELLE_COMPILED_DIR=/opt/passerelle/compiled \
    PASSERELLE_HTTP_HOST=0.0.0.0
WORKDIR /data
USER passerelle
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["passerelle", "health"]
ENTRYPOINT ["passerelle"]
CMD ["serve"]

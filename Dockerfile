# The image of every coppice command. Locked dependencies are checked by hash; nothing that builds stays in it.

# The wheel with the core compiled (docs/decisions/0015-compiled-core.md); the compiler stays in this stage.
FROM python:3.11-slim AS wheel
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY locks/dev.txt locks/
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: -r locks/dev.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY pipeline pipeline
COPY tools/compiled_wheel.py tools/
RUN HATCH_BUILD_HOOK_ENABLE_CUSTOM=true python -m build --wheel --no-isolation --outdir /wheel

FROM python:3.11-slim AS environment
COPY locks/runtime.txt /tmp/
RUN python -m venv --without-pip /opt/coppice \
 && pip --python /opt/coppice/bin/python install --no-cache-dir --require-hashes --only-binary=:all: -r /tmp/runtime.txt
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/coppice/bin/python install --no-cache-dir --no-index --no-deps /wheel/*.whl \
 && /opt/coppice/bin/python -m compileall -q /opt/coppice/lib

FROM python:3.11-slim
RUN pip uninstall --yes setuptools wheel pip \
 && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin coppice \
 && install -d -o coppice -g coppice /var/lib/coppice
COPY --from=environment /opt/coppice /opt/coppice
ENV PATH=/opt/coppice/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/coppice
USER 10001:10001
EXPOSE 9108
# Alive, not ready: this is what a supervisor may restart a worker for.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9108/healthz', timeout=3)"]
ENTRYPOINT ["coppice"]
CMD ["--help"]

# One image for worker, API and `doorstep migrate`. What is installed is what requirements.lock names, hashes checked.
FROM python:3.13-slim-bookworm AS built
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/doorstep
ENV PATH=/opt/doorstep/bin:$PATH
WORKDIR /build
COPY requirements.lock ./
RUN pip install --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md ./
COPY src ./src
RUN pip install --no-deps --no-build-isolation . && pip check

FROM python:3.13-slim-bookworm
# its number is fixed, so that whoever mounts files with secrets knows whose they must be (docs/operating.md)
RUN useradd --system --uid 999 --create-home --home-dir /var/lib/doorstep doorstep
COPY --from=built /opt/doorstep /opt/doorstep
ENV PATH=/opt/doorstep/bin:$PATH PYTHONUNBUFFERED=1 DOORSTEP_DATA_DIR=/var/lib/doorstep
USER doorstep
WORKDIR /var/lib/doorstep
EXPOSE 8080
# the process is told of SIGTERM itself (no shell in between), and lets what it sends end
CMD ["doorstep", "api"]

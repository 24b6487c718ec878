# Two stages: what builds stays behind, what runs is small and not root.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml requirements.lock README.md ./
COPY app app
COPY connectors connectors
COPY coaching_rules coaching_rules
COPY migrations migrations
RUN python -m venv /opt/coachsync \
    && /opt/coachsync/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock \
    && /opt/coachsync/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 coachsync && install -d -o coachsync /data
COPY --from=build /opt/coachsync /opt/coachsync
ENV PATH=/opt/coachsync/bin:$PATH COACHSYNC_HOME=/data PYTHONUNBUFFERED=1
USER coachsync
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s CMD ["coachsync", "status", "--json"]
ENTRYPOINT ["coachsync"]
CMD ["serve"]

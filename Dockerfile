# Two stages: what builds stays behind; what runs is small, holds no installer and is not root.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/coachsync
COPY requirements-run.lock ./
RUN /opt/coachsync/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements-run.lock
COPY pyproject.toml README.md ./
COPY app app
COPY connectors connectors
COPY coaching_rules coaching_rules
COPY migrations migrations
RUN /opt/coachsync/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/coachsync/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim
LABEL org.opencontainers.image.title="coachsync" \
      org.opencontainers.image.description="Coaching that happens, inside the CRM: pull, measure, judge, plan, push, reconcile." \
      org.opencontainers.image.documentation="docs/run-it.md"
RUN useradd --system --no-create-home --uid 10001 coachsync \
    && install --directory --owner 10001 --group 10001 --mode 700 /data
COPY --from=build /opt/coachsync /opt/coachsync
ENV PATH=/opt/coachsync/bin:$PATH COACHSYNC_HOME=/data PYTHONUNBUFFERED=1
# a number, so that whoever runs it can see that it is not root
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# not by a command of coachsync, which would import half of it every time, nor by urllib, which would ask a proxy
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import http.client, sys; web = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); web.request('GET', '/healthz'); sys.exit(web.getresponse().status != 200)"]
ENTRYPOINT ["coachsync"]
CMD ["serve", "--host", "0.0.0.0"]

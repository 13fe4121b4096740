# The gate before a Grafana: no dbt, no DuckDB, no data. Built from the repository's root:
#   docker build -f deploy/gate.Dockerfile -t qhawaq-gate .
FROM python:3.13-slim-trixie
WORKDIR /app
COPY requirements/uv.txt requirements/gate.txt requirements/
RUN python3 -m venv /opt/gate && /opt/gate/bin/pip install --quiet --no-cache-dir --require-hashes -r requirements/uv.txt
RUN /opt/gate/bin/uv pip install --quiet --no-cache --compile-bytecode --python /opt/gate/bin/python --no-deps --require-hashes -r requirements/gate.txt
COPY grafana/__init__.py grafana/source.py grafana/
COPY grafana/gate grafana/gate
COPY grafana/provisioning grafana/provisioning
RUN useradd --system --uid 10002 qhawaq
USER qhawaq
ENV PATH=/opt/gate/bin:$PATH PYTHONDONTWRITEBYTECODE=1
HEALTHCHECK --interval=30s --timeout=5s CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:3100/api/health', timeout=4)"]
ENTRYPOINT ["python3", "-m", "grafana.gate", "--listen", "0.0.0.0", "--serving", "/data", "--password-file", "/run/secrets/grafana_password"]

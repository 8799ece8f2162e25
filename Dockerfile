# One small image, one volume: the content folder with its posts and its state.
#   docker build -t fedisched .
#   docker run -v "$PWD:/content" -e FEDISCHED_MASTODON_TOKEN -e FEDISCHED_BLUESKY_PASSWORD fedisched
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY fedisched ./fedisched
COPY posts ./posts
RUN python -m venv /opt/fedisched && /opt/fedisched/bin/pip install --no-cache-dir . \
    && /opt/fedisched/bin/python -m compileall -q /opt/fedisched/lib

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home fedisched
COPY --from=build /opt/fedisched /opt/fedisched
ENV PATH=/opt/fedisched/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER fedisched
VOLUME /content
WORKDIR /content
# The daemon holds its lock as long as it lives and the publisher does its work: a lock nobody holds means it is gone.
HEALTHCHECK --interval=60s --timeout=10s --start-period=30s CMD ["fedisched", "run", "--is-alive"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["fedisched"]
CMD ["run"]

# One small image, one volume: the content folder with its posts and its state. It needs no root, no capability, and no
# file of its own to write to but in /tmp; `fedisched init --compose` writes a compose file that takes all of that away.
#   docker build -t fedisched .
#   docker run -v "$PWD:/content" -e FEDISCHED_MASTODON_TOKEN -e FEDISCHED_BLUESKY_PASSWORD \
#       --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges fedisched
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY fedisched ./fedisched
COPY posts ./posts
RUN python -m venv /opt/fedisched && /opt/fedisched/bin/pip install --no-cache-dir '.[notify]' \
    && /opt/fedisched/bin/python -m compileall -q /opt/fedisched/lib

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home fedisched \
    # Whoever it runs as may read that, and have a state of its own in a volume.
    && chmod 755 /home/fedisched \
    && install -d -m 1777 /state
COPY --from=build /opt/fedisched /opt/fedisched
ENV PATH=/opt/fedisched/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER fedisched
VOLUME /content
WORKDIR /content
# Whether the daemon lives, its loop turns, and its publishers do not die.
HEALTHCHECK --interval=60s --timeout=10s --start-period=30s CMD ["fedisched", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["fedisched"]
CMD ["run"]

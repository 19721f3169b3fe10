# Triptych in a container. TensorFlow prepares the models in the first stage; the last serves them without it.
#
#   docker build -t triptych --build-arg REVISION="$(git rev-parse HEAD)" .    # weights: from ./weights, else Keras's
#   docker build -t triptych --build-arg WEIGHTS=random --build-arg MODELS=mobilenetv2 .    # a dry run
#   docker run -p 5000:5000 --read-only --tmpfs /tmp --cap-drop ALL --stop-timeout 45 triptych
#   docker run --no-healthcheck -e TRIPTYCH_REDIS_URL=redis://... --stop-timeout 60 triptych flask --app app jobs work
#   docker build --target gpu -t triptych:gpu .
#
# The stop timeout: DRAIN_S, GRACE_S and a little more. Weights are packed for the CPU at hand, at the start, in
# /dev/shm, or in /tmp where there is no room (Docker gives /dev/shm 64 MB): as much memory as the artifacts are large.

ARG BASE=python:3.11-slim-bookworm
# imagenet: real ones or no image; auto: `pocket` where there are none at all; random: for trying out.
ARG WEIGHTS=imagenet
ARG MODELS=vgg16,resnet50,inceptionv3

# The portable half of each model. Nothing that depends on this machine's CPU is made here.
FROM $BASE AS prepare
WORKDIR /app
COPY requirements.txt requirements-serve.txt ./
# Of requirements.txt only what preparing needs: the project's checks have no wheels for every CPU.
RUN pip install --no-cache-dir -r requirements-serve.txt -c requirements.txt ai-edge-quantizer keras tensorflow
# A pattern alone that matches nothing ends some builds, hence the first file.
COPY requirements.txt weight[s] /weights/
# Only what preparing imports (a test follows the imports), so that a change elsewhere prepares nothing anew.
COPY config.py cores.py given.py setting_types.py ./
COPY access/__init__.py access/settings.py access/
COPY cli/__init__.py cli/prepare.py cli/progress.py cli/
COPY jobs/__init__.py jobs/settings.py jobs/
COPY preprocessing preprocessing
COPY models models
ARG WEIGHTS
ARG MODELS
# `flask --app app models prepare` would import all of the service, and measure how fast this machine is.
RUN TRIPTYCH_WEIGHTS=$WEIGHTS TRIPTYCH_MODELS=$MODELS TRIPTYCH_WEIGHTS_DIR=/weights TRIPTYCH_CACHE_DIR=/models \
    KERAS_HOME=/weights python -m cli.prepare

# The service itself, for both kinds of worker.
FROM scratch AS code
COPY *.py /app/
COPY access /app/access
COPY cli /app/cli
COPY jobs /app/jobs
COPY models /app/models
COPY preprocessing /app/preprocessing
COPY web /app/web

FROM $BASE AS base
RUN apt-get update && apt-get install --yes --no-install-recommends tini && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 triptych \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin triptych
WORKDIR /app
ARG WEIGHTS
ARG MODELS
# PRECISION: replicas answer alike, and start at once. `auto` measures each network for 20 to 60 s before it listens, in
# each new container, unless a volume lies on /models. No PYTHON... variables: our lines go to stderr, which does not
# wait in a buffer, and bytecode is compiled below.
ENV TRIPTYCH_HOST=0.0.0.0 TRIPTYCH_CACHE_DIR=/models TRIPTYCH_PREPARE=never TRIPTYCH_PRECISION=float32 \
    TRIPTYCH_WEIGHTS=$WEIGHTS TRIPTYCH_MODELS=$MODELS TRIPTYCH_DRAIN_S=5
EXPOSE 5000
STOPSIGNAL SIGTERM
# It waits its turn for up to DEADLINE_S. http.client, for urllib would ask the proxy of http_proxy.
HEALTHCHECK --interval=10s --timeout=15s --start-period=300s --retries=3 CMD ["python", "-ISc", "\
import http.client, os, sys; \
service = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('TRIPTYCH_PORT') or 5000), timeout=14); \
service.request('GET', '/readyz'); answer = service.getresponse(); print(answer.read().decode()); \
sys.exit(answer.status != 200)"]
# An init that reaps what a killed worker leaves; it passes signals to the master alone, as a drain wants it.
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "app:app"]

# On an NVIDIA GPU, with TensorFlow: never yet built, nor run on one. `docker run --gpus all ...`; some GB of CUDA.
FROM base AS gpu
COPY requirements-serve.txt requirements-gpu.txt ./
RUN pip install --no-cache-dir -r requirements-gpu.txt
# Keras loads the weights themselves, where they lay when the models were prepared.
COPY --from=prepare --chown=10001:10001 /weights /weights
COPY --from=prepare --chown=10001:10001 /models /models
COPY --from=code /app ./
RUN chmod -R a+rX . && python -m compileall -q .
# One engine process for all workers (ADR 18). No LD_LIBRARY_PATH: TensorFlow finds the CUDA of its own wheels, and must
# find no other.
ENV TRIPTYCH_DEVICE=gpu NVIDIA_DRIVER_CAPABILITIES=compute,utility CUDA_CACHE_PATH=/tmp/cuda
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Triptych" org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.description="Image recognition behind POST /predict, on an NVIDIA GPU"
USER 10001:10001

FROM base AS serve
COPY requirements-serve.txt ./
RUN pip install --no-cache-dir -r requirements-serve.txt
# Before the code, which changes more often. Ours to write, for a volume on it inherits that.
COPY --from=prepare --chown=10001:10001 /models /models
COPY --from=code /app ./
# Whatever the umask was under which this was checked out.
RUN chmod -R a+rX . && python -m compileall -q .
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Triptych" org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.description="Image recognition behind POST /predict, on a CPU"
USER 10001:10001

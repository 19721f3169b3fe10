# Triptych on a CPU: models are prepared in the first stage, served from the second without TensorFlow.
#
#   docker build --build-arg WEIGHTS=imagenet -t triptych .
#   docker run -p 5000:5000 --stop-timeout 45 triptych   # DRAIN_S, GRACE_S and a little more
#   docker run -e TRIPTYCH_REDIS_URL=redis://... --stop-timeout 45 triptych flask --app app jobs work   # jobs
#
# WEIGHTS=imagenet downloads Keras's weights (or takes what lies in ./weights); random makes an image for trying out.

FROM python:3.11-slim AS prepare
WORKDIR /app
COPY requirements.txt requirements-serve.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
ARG WEIGHTS=imagenet
ARG MODELS=vgg16,resnet50,inceptionv3
RUN mkdir -p weights && TRIPTYCH_WEIGHTS=$WEIGHTS TRIPTYCH_MODELS=$MODELS TRIPTYCH_WEIGHTS_DIR=/app/weights \
    TRIPTYCH_CACHE_DIR=/models flask --app app models prepare && rm -f /models/models/*/*/machine/*.xnn

FROM python:3.11-slim AS serve
WORKDIR /app
COPY requirements-serve.txt ./
RUN pip install --no-cache-dir -r requirements-serve.txt && useradd --system triptych
COPY allocator.py app.py config.py cores.py given.py gunicorn.conf.py logs.py setting_types.py wiring.py wiring_access.py wiring_jobs.py ./
COPY access access
COPY cli cli
COPY jobs jobs
COPY models models
COPY preprocessing preprocessing
COPY web web
COPY --from=prepare --chown=triptych /models /models
ARG WEIGHTS=imagenet
ARG MODELS=vgg16,resnet50,inceptionv3
ENV TRIPTYCH_HOST=0.0.0.0 TRIPTYCH_PREPARE=never TRIPTYCH_CACHE_DIR=/models TRIPTYCH_WEIGHTS=$WEIGHTS TRIPTYCH_MODELS=$MODELS \
    TRIPTYCH_DRAIN_S=5
USER triptych
EXPOSE 5000
CMD ["gunicorn", "app:app"]

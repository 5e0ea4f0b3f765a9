#!/bin/sh
# Opens the door that the platform asks for. SageMaker runs the image as `docker run IMAGE serve`.
set -eu
case "${1:-runpod}" in
    serve) door=serve_sagemaker ;;
    runpod) door=serve_runpod ;;
    *) exec "$@" ;;
esac
# Where this platform has put the models; ComfyUI is told by --extra-model-paths-config.
python -m gpu_container.worker.models.model_paths > /tmp/model_paths.yaml
exec python -m "gpu_container.worker.$door"

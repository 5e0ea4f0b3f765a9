#!/bin/sh
# Opens the door that the platform asks for. SageMaker runs the image as `docker run IMAGE serve`.
set -eu
case "${1:-runpod}" in
    serve) exec python -m gpu_container.worker.serve_sagemaker ;;
    runpod) exec python -m gpu_container.worker.serve_runpod ;;
    *) exec "$@" ;;
esac

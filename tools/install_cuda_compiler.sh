#!/usr/bin/env bash
# Installs nvcc and TensorRT's headers from PyPI, for a machine or container without NVIDIA's packages.
#
# usage: tools/install_cuda_compiler.sh FOLDER
#
# The CUDA plugin is then built with
#   CUDACXX=FOLDER/nvidia/cu13/bin/nvcc
#   KILOMARK_TENSORRT_INCLUDE=FOLDER/kernel_lens/include/tensorrt
# kernel-lens is the only package of PyPI that has TensorRT's headers (10.14); nothing else of it is used. PyPI has no
# headers of TensorRT 11.
set -euo pipefail

readonly folder=$1
readonly cuda=13.0

"${PYTHON:-python3}" -m pip install --no-deps --target "$folder" --upgrade \
  "nvidia-cuda-nvcc==$cuda.*" "nvidia-nvvm==$cuda.*" "nvidia-cuda-crt==$cuda.*" \
  "nvidia-cuda-runtime==$cuda.*" "nvidia-cuda-cccl==$cuda.*" "kernel-lens==2.0.1"
# nvcc looks for cudart in lib64; the packages have it in lib.
ln -sfn lib "$folder/nvidia/cu13/lib64"
"$folder/nvidia/cu13/bin/nvcc" --version

#!/usr/bin/env bash
# Builds kilomark for aarch64 and runs it under emulation: the demo, the tests of Python and those of C++.
#
# usage: tools/try_aarch64.sh [FOLDER]
#
# FOLDER (default: build/aarch64) keeps the arm64 root, the wheels and the builds for the next call. Needs root, Linux
# on x86-64, Python 3.11 and these packages of Debian 12:
#   mmdebstrap qemu-user-static g++-aarch64-linux-gnu ninja-build
# The kernel must run arm64 programs through qemu; where no handler is registered, this script registers one and takes
# it away at the end. It runs tests/core and tests/face of Python; TESTS="tests/core" names others.
set -euo pipefail

readonly repository=$(cd "$(dirname "$0")/.." && pwd)
readonly work=$(mkdir -p "${1:-$repository/build/aarch64}" && cd "${1:-$repository/build/aarch64}" && pwd)
readonly root=$work/root
readonly wheels=$work/wheels
readonly python=${PYTHON:-python3.11}
readonly handlers=/proc/sys/fs/binfmt_misc
readonly jobs=${JOBS:-2}
readonly tools=$work/tools # scikit-build-core and CMake
readonly kilomark=${KILOMARK:-kilomark} # the command of an installation for x86-64, to compare with
readonly toolchain=$repository/cmake/toolchains/aarch64-linux-gnu.cmake
readonly suffix=.cpython-311-aarch64-linux-gnu.so
export KILOMARK_ARM64_ROOT=$root PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# The mounts of the root are seen by this script only, and end with it.
if [[ -z ${KILOMARK_OWN_MOUNTS-} ]]; then
  KILOMARK_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi

main() {
  register_qemu
  timed "arm64 root" make_root
  timed "wheels of the dependencies" download_wheels
  timed "kilomark's wheel, cross-compiled" build_wheel
  mount_system
  timed "install" install
  timed "demo" run_demo
  timed "landmarks against x86-64" compare_landmarks
  timed "C++ tests" run_cpp_tests
  timed "Python tests" run_python_tests
  echo "all parts passed in $SECONDS s"
}

timed() {
  local start=$SECONDS
  echo "==== $1"
  "$2"
  echo "---- $1: $((SECONDS - start)) s"
}

register_qemu() {
  if [[ ! -e $handlers/register ]]; then mount -t binfmt_misc binfmt_misc "$handlers"; fi
  if [[ ! -e $handlers/qemu-aarch64 ]]; then
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$handlers/register"
    trap 'echo -1 >"$handlers/qemu-aarch64"' EXIT
  fi
}

make_root() {
  if [[ -e $root/usr/bin/python3 ]]; then return; fi
  # "extract" unpacks the packages without running their scripts, which takes a minute and not ten under emulation.
  mmdebstrap --quiet --skip=check/qemu --arch=arm64 --variant=extract \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include=bash,coreutils,libc-bin,libstdc++6,libgomp1,python3,python3-venv,libpython3-dev,libgtest-dev bookworm "$root"
}

mount_system() {
  mkdir -p "$root"/{proc,sys,dev,tmp,root}
  chmod 1777 "$root/tmp"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount_processor_files
}

# OpenVINO reads the model of the processor from a file that Linux has on aarch64 only.
mount_processor_files() {
  local folder=/sys/devices/system/cpu
  local model=$work/cpu/cpu0/regs/identification/midr_el1
  rm -rf "$work/cpu"
  cp -r --no-preserve=all "$folder" "$work/cpu" 2>/dev/null || true # some of its files cannot be read
  mkdir -p "$(dirname "$model")"
  echo 0x00000000414fd0b1 >"$model" # the Cortex-A76 that qemu emulates
  mount --bind "$work/cpu" "$root$folder"
}

download_wheels() {
  local platforms=() glibc
  for glibc in 17 26 27 28 31 34 35; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
  "$python" -m pip download --quiet --dest "$wheels" --only-binary=:all: --python-version 3.11 \
    "${platforms[@]}" --platform manylinux2014_aarch64 \
    'openvino>=2026.0,<2027' 'numpy>=1.26' 'Pillow>=10.3' 'pytest>=8.2' 'hypothesis>=6.100' 'onnx>=1.16' \
    'opencv-python-headless>=4.10'
}

# scikit-build-core names the wheel after these two variables, as for every cross build of a Python extension.
build_wheel() {
  if [[ ! -e $tools ]]; then "$python" -m venv "$tools"; fi
  "$tools/bin/python" -m pip install --quiet 'scikit-build-core==1.1.2' 'pybind11==3.1.0' 'cmake>=3.25' ninja
  rm -f "$wheels"/kilomark-*
  PATH=$tools/bin:$PATH _PYTHON_HOST_PLATFORM=linux-aarch64 SETUPTOOLS_EXT_SUFFIX=$suffix \
    CMAKE_GENERATOR=Ninja CMAKE_BUILD_PARALLEL_LEVEL=$jobs \
    "$tools/bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$wheels" \
    -C build-dir="$work/wheel-build" -C cmake.define.KILOMARK_CUDA=OFF \
    -C cmake.define.PYTHON_MODULE_EXTENSION="$suffix" \
    -C cmake.define.CMAKE_TOOLCHAIN_FILE="$toolchain" "$repository"
  ls -l "$wheels"/kilomark-*_aarch64.whl
}

install() {
  rm -rf "$root/work"
  mkdir -p "$root/work"
  cp -r "$wheels" "$root/work/wheels"
  in_root python3 -m venv /work/env
  in_root /work/env/bin/python -m pip install --quiet --no-index --find-links /work/wheels --no-compile \
    kilomark pytest hypothesis onnx opencv-python-headless
}

run_demo() {
  in_root uname --machine
  in_root /work/env/bin/kilomark predict --demo --json /work/demo.json -o /work/demo.png
  in_root /work/env/bin/kilomark doctor
}

compare_landmarks() {
  "$kilomark" predict --demo --json "$work/demo-x86-64.json" -o "$work/demo-x86-64.png"
  "$python" "$repository/tools/compare_landmarks.py" "$work/demo-x86-64.json" "$root/work/demo.json"
}

# Cross-compiled here, run in the root: the tests use the OpenVINO of its environment, and look for
# the bundles where the repository has them.
run_cpp_tests() {
  local build=$work/cpp-build libraries=/work/env/lib/python3.11/site-packages/openvino/libs
  PATH=$tools/bin:$PATH cmake --preset release -S "$repository" -B "$build" -DKILOMARK_CUDA=OFF \
    -DCMAKE_TOOLCHAIN_FILE="$toolchain" -DPython_EXECUTABLE="$tools/bin/python"
  PATH=$tools/bin:$PATH cmake --build "$build" --parallel "$jobs" --target kilomark_tests
  cp "$(find "$build" -name kilomark_tests -type f)" "$root/work/kilomark_tests"
  mkdir -p "$root$repository/python/kilomark"
  cp -r "$repository/python/kilomark/bundles" "$root$repository/python/kilomark"
  in_root env KILOMARK_OPENVINO=$libraries /work/kilomark_tests
}

run_python_tests() {
  mkdir -p "$root/work/source"
  git -C "$repository" archive HEAD | tar -C "$root/work/source" -xf -
  in_root bash -c "cd /work/source && /work/env/bin/python -m pytest -q -m 'not slow' ${TESTS:-tests/core tests/face}"
}

# No emulated SVE and SME: qemu 7.2 computes some convolutions of OpenVINO wrongly with SME.
in_root() {
  chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 QEMU_CPU=cortex-a76 "$@"
}

main

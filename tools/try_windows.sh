#!/usr/bin/env bash
# Builds the C++ core and its tests for Windows, and runs them in Wine with OpenVINO's libraries for Windows.
#
# usage: tools/try_windows.sh [FOLDER]
#
# FOLDER (default: build/windows) keeps the libraries and the build for the next call. Needs CMake 3.25, ninja, pip and
# these packages of Debian 12:
#   g++-mingw-w64-x86-64-posix googletest wine64
set -euo pipefail

readonly repository=$(cd "$(dirname "$0")/.." && pwd)
readonly work=$(mkdir -p "${1:-$repository/build/windows}" && cd "${1:-$repository/build/windows}" && pwd)
readonly python=${PYTHON:-python3}
readonly jobs=${JOBS:-2}
readonly libraries=$work/openvino/openvino/libs
readonly toolchain=$repository/cmake/toolchains/windows-mingw.cmake
export WINEPREFIX=$work/wine WINEDEBUG=-all
export KILOMARK_OPENVINO="Z:$libraries" # Z: is Wine's name of /
# OpenVINO is built with Microsoft's compiler, whose libraries Wine's own do not replace.
export WINEDLLOVERRIDES="msvcp140,msvcp140_1,vcruntime140,vcruntime140_1=n"

main() {
  download_openvino
  build_googletest
  build_tests
  /usr/lib/wine/wine64 "$work/build/cpp/tests/kilomark_tests.exe" --gtest_brief=1
}

# With the libraries of Microsoft's compiler beside those of OpenVINO.
download_openvino() {
  if [[ -e $libraries ]]; then return; fi
  "$python" -m pip download --quiet --no-deps --dest "$work/wheels" --only-binary=:all: --platform win_amd64 \
    --python-version 3.12 'openvino>=2026.0,<2027' msvc-runtime
  "$python" -m zipfile -e "$work"/wheels/msvc_runtime-*.whl "$work/runtime"
  "$python" -m zipfile -e "$work"/wheels/openvino-*.whl "$work/openvino"
  find "$work/runtime" \( -name 'msvcp140*.dll' -o -name 'vcruntime140*.dll' \) -exec cp {} "$libraries" \;
}

build_googletest() {
  if [[ -e $work/googletest/lib ]]; then return; fi
  cmake -G Ninja -S /usr/src/googletest -B "$work/googletest-build" "-DCMAKE_TOOLCHAIN_FILE=$toolchain" \
    -DBUILD_GMOCK=OFF -DCMAKE_BUILD_TYPE=Release "-DCMAKE_INSTALL_PREFIX=$work/googletest"
  cmake --build "$work/googletest-build" --parallel "$jobs" --target install
}

build_tests() {
  cmake --preset release -S "$repository" -B "$work/build" "-DCMAKE_TOOLCHAIN_FILE=$toolchain" -DKILOMARK_CUDA=OFF \
    -DKILOMARK_WERROR=OFF "-DGTest_DIR=$work/googletest/lib/cmake/GTest"
  cmake --build "$work/build" --parallel "$jobs" --target kilomark_tests
}

main

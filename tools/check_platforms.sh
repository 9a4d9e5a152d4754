#!/usr/bin/env bash
# Compile the C++ core for systems that it has not run on: macOS's standard library (clang with libc++) and Windows
# (mingw-w64). Nothing is linked or run. docs/platforms.md says what that shows and what it does not.
#
# usage: tools/check_platforms.sh [libc++|windows]...
#
# On Debian 12: apt-get install clang-16 libc++-16-dev g++-mingw-w64-x86-64-posix. A compiler that is missing is named,
# and its check is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly definitions=(-DKILOMARK_STATIC -DKILOMARK_VERSION='"0"' -DKILOMARK_CUDA_BUILT='"OFF"')
readonly generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
readonly flags=(-std=c++20 -fsyntax-only -Wall -Wextra -Werror -Icpp/include -Icpp/src "-I$generated"
  -isystem third_party/nlohmann_json/include "${definitions[@]}")

# What CMake makes of version.hpp.in.
generate_headers() {
  mkdir "$generated/kilomark"
  sed 's/@PROJECT_VERSION@/0.0.0/; s/@PROJECT_VERSION_[A-Z]*@/0/' cpp/include/kilomark/version.hpp.in \
    > "$generated/kilomark/version.hpp"
}

# The sources of the library kilomark_cpp, without those of the system.
core_sources() {
  find cpp/src -name '*.cpp' -not -path '*/plugin/*' -not -path '*/system/*'
}

# What belongs to one system is in cpp/src/system alone.
check_includes() {
  if grep -rnE '#include <(dlfcn|fcntl|unistd|windows|sys/.*)\.h>|"/(proc|sys|dev)/' cpp/include cpp/src cpp/bindings |
    grep -v -e ^cpp/src/system/ -e ^cpp/src/cuda/plugin/; then
    echo "expected in cpp/src/system alone" >&2
    return 1
  fi
}

# compile TITLE SOURCE... -- COMPILER OPTION...: check the sources, as many at once as there are cores.
compile() {
  local title=$1 sources=()
  shift
  while [[ $1 != -- ]]; do sources+=("$1"); shift; done
  shift
  if ! command -v "$1" >/dev/null; then
    echo "NOT CHECKED: there is no $1, so the core is not compiled for $title"
    return
  fi
  printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 4 "$@" "${flags[@]}"
  echo "$title: ${#sources[@]} files compile"
}

main() {
  local systems=("$@") core
  if [[ $# == 0 ]]; then systems=(libc++ windows); fi
  check_includes
  generate_headers
  mapfile -t core < <(core_sources)
  for system in "${systems[@]}"; do
    case $system in
      libc++) compile "libc++" "${core[@]}" cpp/src/system/{posix,macos,regular_file_posix}.cpp -- clang++-16 -stdlib=libc++ ;;
      windows)
        compile "Windows" "${core[@]}" cpp/src/system/{windows,regular_file_windows}.cpp -- x86_64-w64-mingw32-g++-posix
        ;;
      *)
        echo "there is no system '$system'; expected libc++ or windows" >&2
        exit 2
        ;;
    esac
  done
}

main "$@"

# Cross-compiles for aarch64 Linux with Debian's g++-aarch64-linux-gnu, and runs the tests with qemu-aarch64-static.
#
# KILOMARK_ARM64_ROOT, a CMake or environment variable: a Debian root of arm64 that has Python's headers and
# GoogleTest. tools/try_aarch64.sh makes one.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static;-L;/usr/aarch64-linux-gnu)

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KILOMARK_ARM64_ROOT)
if(NOT KILOMARK_ARM64_ROOT)
  set(KILOMARK_ARM64_ROOT "$ENV{KILOMARK_ARM64_ROOT}")
endif()
if(KILOMARK_ARM64_ROOT)
  # Python's pyconfig.h includes <aarch64-linux-gnu/python3.11/pyconfig.h>.
  set(CMAKE_CXX_FLAGS_INIT "-isystem ${KILOMARK_ARM64_ROOT}/usr/include")
  set(GTest_DIR "${KILOMARK_ARM64_ROOT}/usr/lib/aarch64-linux-gnu/cmake/GTest")
  file(GLOB Python_INCLUDE_DIR "${KILOMARK_ARM64_ROOT}/usr/include/python3.*")
endif()

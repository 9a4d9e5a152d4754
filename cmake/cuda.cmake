# Decides whether the CUDA plugin is built, and with what: sets KILOMARK_CUDA_PLUGINS to its targets, one for each major
# version of TensorRT whose headers are given, and ${plugin}_INCLUDE to the headers of each; or to nothing.
#
# The plugin needs nvcc and TensorRT's headers (NvInferRuntime.h), not its libraries: those are loaded at run time.
# Hints: CUDACXX, CUDA_HOME or CUDAToolkit_ROOT for the toolkit; KILOMARK_TENSORRT_INCLUDE or TENSORRT_ROOT for the headers.

set(KILOMARK_CUDA AUTO CACHE STRING "Build the CUDA plugin: AUTO (where nvcc and TensorRT's headers are found), ON or OFF")
set_property(CACHE KILOMARK_CUDA PROPERTY STRINGS AUTO ON OFF)
set(KILOMARK_CUDA_PLUGINS "")
set(KILOMARK_CUDA_BUILT "OFF") # for build_info()
set(KILOMARK_CUDA_MISSING "") # why there is none

function(kilomark_find_nvcc)
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(
      KILOMARK_NVCC nvcc
      HINTS ${CUDAToolkit_ROOT} ENV CUDAToolkit_ROOT ENV CUDA_HOME ENV CUDA_PATH
      PATHS /usr/local/cuda /opt/cuda
      PATH_SUFFIXES bin)
    if(KILOMARK_NVCC)
      set(CMAKE_CUDA_COMPILER "${KILOMARK_NVCC}" CACHE FILEPATH "CUDA compiler")
    endif()
  endif()
  include(CheckLanguage)
  check_language(CUDA)
endfunction()

# All from 7.5 on that the compiler knows, and of the newest one code that newer GPUs compile for themselves.
function(kilomark_choose_architectures)
  if(CMAKE_CUDA_ARCHITECTURES)
    return()
  endif()
  execute_process(COMMAND "${CMAKE_CUDA_COMPILER}" --list-gpu-arch OUTPUT_VARIABLE _listed COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "compute_[0-9]+" _listed "${_listed}")
  list(SORT _listed COMPARE NATURAL) # nvcc 13.0 lists 103 after 110
  set(_real "")
  foreach(_architecture IN LISTS _listed)
    string(REPLACE "compute_" "" _number "${_architecture}")
    if(_number GREATER_EQUAL 75)
      list(APPEND _real "${_number}-real")
      set(_newest "${_number}")
    endif()
  endforeach()
  set(CMAKE_CUDA_ARCHITECTURES "${_real};${_newest}-virtual" CACHE STRING "CUDA architectures" FORCE)
endfunction()

# The major version of the headers in a folder. Since 10.11 it is defined through another macro.
function(kilomark_read_tensorrt_major folder result)
  file(STRINGS "${folder}/NvInferVersion.h" _lines
       REGEX "^#define (NV_TENSORRT_MAJOR|TRT_MAJOR_ENTERPRISE) +[0-9]+")
  string(REGEX MATCH "[0-9]+" _major "${_lines}")
  set(${result} "${_major}" PARENT_SCOPE)
endfunction()

# The engines are built and run by the TensorRT of the Python environment, which must be of the headers' major version.
# (pip builds in an environment of its own, where none is seen; the plugin says the same when it is loaded.)
function(kilomark_check_tensorrt_package majors)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import importlib.metadata as m; print(m.version('tensorrt').split('.')[0])"
    OUTPUT_VARIABLE _installed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(_installed AND NOT _installed IN_LIST majors)
    set(_kind WARNING)
    if(KILOMARK_CUDA STREQUAL "ON")
      set(_kind FATAL_ERROR)
    endif()
    message(${_kind} "The plugin is built for TensorRT ${majors}, whose headers are in "
                     "${KILOMARK_TENSORRT_INCLUDE}, but this Python has TensorRT ${_installed}: "
                     "install TensorRT ${majors} with pip, or pass other headers")
  endif()
endfunction()

if(NOT KILOMARK_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "KILOMARK_CUDA is ${KILOMARK_CUDA}; expected AUTO, ON or OFF")
endif()
if(KILOMARK_CUDA STREQUAL "OFF")
  set(KILOMARK_CUDA_MISSING "KILOMARK_CUDA is OFF")
else()
  find_path(
    KILOMARK_TENSORRT_INCLUDE NvInferRuntime.h
    HINTS ${TENSORRT_ROOT} ENV TENSORRT_ROOT
    PATHS /usr/local/tensorrt /usr/local/TensorRT /opt/tensorrt /opt/TensorRT /usr/src/tensorrt
    PATH_SUFFIXES include
    DOC "Folder of NvInferRuntime.h; several, separated by semicolons, for several major versions of TensorRT")
  kilomark_find_nvcc()
  if(NOT CMAKE_CUDA_COMPILER)
    set(KILOMARK_CUDA_MISSING "nvcc was not found; set CUDACXX to it")
  endif()
  if(NOT KILOMARK_TENSORRT_INCLUDE)
    set(KILOMARK_CUDA_MISSING "no NvInferRuntime.h of TensorRT; set KILOMARK_TENSORRT_INCLUDE to its folder")
    set(KILOMARK_TENSORRT_INCLUDE "")
  endif()
  foreach(_folder IN LISTS KILOMARK_TENSORRT_INCLUDE)
    if(NOT EXISTS "${_folder}/NvInferRuntime.h")
      set(KILOMARK_CUDA_MISSING "no NvInferRuntime.h of TensorRT in ${_folder}")
      break()
    endif()
    kilomark_read_tensorrt_major("${_folder}" _major)
    if(NOT _major GREATER_EQUAL 10)
      set(KILOMARK_CUDA_MISSING "${_folder} holds TensorRT '${_major}'; expected 10.1 or newer")
    endif()
    list(APPEND _majors "${_major}")
    set(kilomark_cuda_trt${_major}_INCLUDE "${_folder}")
  endforeach()
endif()

if(KILOMARK_CUDA_MISSING)
  if(KILOMARK_CUDA STREQUAL "ON")
    message(FATAL_ERROR "KILOMARK_CUDA=ON: ${KILOMARK_CUDA_MISSING}")
  endif()
  message(STATUS "CUDA plugin: not built (${KILOMARK_CUDA_MISSING})")
else()
  if(KILOMARK_BUILD_PYTHON)
    kilomark_check_tensorrt_package("${_majors}")
  endif()
  kilomark_choose_architectures()
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION) # CMake 3.25 does not know that nvcc 12 and newer have it
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  endif()
  find_package(CUDAToolkit REQUIRED)
  list(TRANSFORM _majors PREPEND kilomark_cuda_trt OUTPUT_VARIABLE KILOMARK_CUDA_PLUGINS)
  list(TRANSFORM KILOMARK_CUDA_PLUGINS REPLACE "(.+)" "lib\\1.so" OUTPUT_VARIABLE _files)
  list(JOIN _files ", " _files)
  set(KILOMARK_CUDA_BUILT "${_files}, CUDA ${CUDAToolkit_VERSION}")
  message(STATUS "CUDA plugin: ${_files} with CUDA ${CUDAToolkit_VERSION}, architectures "
                 "${CMAKE_CUDA_ARCHITECTURES}, TensorRT's headers of ${KILOMARK_TENSORRT_INCLUDE}")
endif()

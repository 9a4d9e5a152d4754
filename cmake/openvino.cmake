# Finds the OpenVINO that is installed in the Python environment of the build, and only that one.
#
# pyproject.toml pins the version; the libraries' names hold it (libopenvino.so.2641), so any other version would build
# an extension that cannot be imported. An unhinted find_package may pick the OpenVINO of an outer environment.

file(STRINGS "${PROJECT_SOURCE_DIR}/pyproject.toml" _requires REGEX "^requires = .*openvino==")
if(NOT _requires MATCHES "\"openvino==([0-9.]+)\"")
  message(FATAL_ERROR "pyproject.toml: build-system.requires must pin openvino==X.Y.Z")
endif()
set(KILOMARK_OPENVINO_VERSION "${CMAKE_MATCH_1}")

execute_process(
  COMMAND "${Python_EXECUTABLE}" -c
          "import importlib.util as u; s = u.find_spec('openvino'); print(s.submodule_search_locations[0] if s else '')"
  OUTPUT_VARIABLE _openvino_package
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT _openvino_package)
  message(FATAL_ERROR "${Python_EXECUTABLE} has no openvino package; "
                      "expected openvino==${KILOMARK_OPENVINO_VERSION}; install it with pip, or build with `pip install .`")
endif()

find_package(OpenVINO CONFIG REQUIRED COMPONENTS Runtime PATHS "${_openvino_package}/cmake" NO_DEFAULT_PATH)
if(NOT OpenVINO_VERSION VERSION_EQUAL KILOMARK_OPENVINO_VERSION)
  message(FATAL_ERROR "OpenVINO ${OpenVINO_VERSION} found in ${_openvino_package}; "
                      "expected exactly ${KILOMARK_OPENVINO_VERSION} as pinned in pyproject.toml")
endif()

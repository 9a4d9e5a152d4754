# Finds the Python package of OpenVINO, for tests that run networks. Nothing else of kilomark needs it to be built.
#
# KILOMARK_OPENVINO_LIBRARIES: the folder of its libraries, where the tests look; "": where the system looks.
# KILOMARK_OPENVINO_HEADERS: the folder of its headers, which the declarations in openvino_api.hpp are compared with.

set(KILOMARK_OPENVINO_LIBRARIES "")
set(KILOMARK_OPENVINO_HEADERS "")
if(Python_EXECUTABLE)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
            "import importlib.util as u; s = u.find_spec('openvino'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE _package
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(_package)
    set(KILOMARK_OPENVINO_LIBRARIES "${_package}/libs")
    set(KILOMARK_OPENVINO_HEADERS "${_package}/include")
  endif()
endif()
if(NOT KILOMARK_OPENVINO_LIBRARIES)
  message(STATUS "No Python package of OpenVINO: tests use the OpenVINO of the system")
endif()

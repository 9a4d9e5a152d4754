# The C++ library as a package of its own: shared library, headers, bundles, find_package, pkg-config. It needs no Python.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
find_package(Threads REQUIRED)

set(KILOMARK_BUNDLES_FOLDER share/kilomark/bundles)

add_library(kilomark SHARED $<TARGET_OBJECTS:kilomark_cpp>)
add_library(kilomark::kilomark ALIAS kilomark)
target_include_directories(kilomark PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(kilomark PUBLIC cxx_std_20)
get_target_property(_kilomark_links kilomark_cpp LINK_LIBRARIES)
if(NOT _kilomark_links) # Windows needs no library for dlopen
  set(_kilomark_links "")
endif()
target_link_libraries(kilomark PRIVATE ${_kilomark_links} Threads::Threads)
# Below 1.0 every minor version may break the ABI; see docs/cpp.md.
set_target_properties(
  kilomark PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(CMAKE_SYSTEM_NAME STREQUAL "Linux") # elsewhere linkers refuse undefined symbols by themselves
  target_link_options(kilomark PRIVATE -Wl,--no-undefined)
endif()

install(
  TARGETS kilomark
  EXPORT kilomarkTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime # the DLL of Windows
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development # and what programs link with there
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development)
install(
  DIRECTORY cpp/include/kilomark ${PROJECT_BINARY_DIR}/cpp/generated/kilomark
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development
  FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY python/kilomark/bundles/ DESTINATION ${KILOMARK_BUNDLES_FOLDER} COMPONENT bundles)
install(FILES LICENSE third_party/nlohmann_json/LICENSE.MIT DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES examples/cpp/CMakeLists.txt examples/cpp/camera.cpp examples/cpp/photo.cpp
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT development)
foreach(_plugin IN LISTS KILOMARK_CUDA_PLUGINS)
  install(TARGETS ${_plugin} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
endforeach()

set(_kilomark_package ${CMAKE_INSTALL_LIBDIR}/cmake/kilomark)
install(EXPORT kilomarkTargets NAMESPACE kilomark:: DESTINATION ${_kilomark_package} COMPONENT development)
configure_package_config_file(
  cmake/kilomarkConfig.cmake.in ${PROJECT_BINARY_DIR}/kilomarkConfig.cmake
  INSTALL_DESTINATION ${_kilomark_package}
  PATH_VARS KILOMARK_BUNDLES_FOLDER)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kilomarkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kilomarkConfig.cmake ${PROJECT_BINARY_DIR}/kilomarkConfigVersion.cmake
        DESTINATION ${_kilomark_package} COMPONENT development)

file(RELATIVE_PATH KILOMARK_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" KILOMARK_PC_TO_PREFIX "${KILOMARK_PC_TO_PREFIX}")
configure_file(cmake/kilomark.pc.in kilomark.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/kilomark.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

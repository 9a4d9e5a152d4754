# Cross-compiles for Windows on x86-64 with Debian's g++-mingw-w64-x86-64-posix, and runs the tests with Wine.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix) # GoogleTest asks for one
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static) # the compiler's own libraries
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/lib/wine/wine64)

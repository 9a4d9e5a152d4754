# kilomark_compile_options(TARGET): the warnings, arithmetic and sanitizers of every target of this project.

function(kilomark_compile_options target)
  # Without -ffp-contract=off the compiler may fuse a*b+c where the machine has FMA: the crops would then differ in
  # their last bits between machines, and between the CPU and a GPU.
  set(_warnings -Wall -Wextra -Wpedantic -Wconversion)
  set(_cuda_warnings -Xcompiler=-Wall,-Wextra,-Wconversion) # -Wpedantic refuses what nvcc itself writes
  if(KILOMARK_WERROR)
    list(APPEND _warnings -Werror)
    list(APPEND _cuda_warnings -Werror=all-warnings -Xcompiler=-Werror)
  endif()
  target_compile_options(
    ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${_warnings};-ffp-contract=off>"
                      "$<$<COMPILE_LANGUAGE:CUDA>:${_cuda_warnings};--fmad=false>")
  if(KILOMARK_SANITIZE)
    # A process that finds undefined behavior ends: without this it prints a line and its test passes.
    target_compile_options(
      ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${KILOMARK_SANITIZE};-fno-sanitize-recover=undefined;-fno-omit-frame-pointer>")
    target_link_options(${target} PRIVATE -fsanitize=${KILOMARK_SANITIZE})
  endif()
endfunction()

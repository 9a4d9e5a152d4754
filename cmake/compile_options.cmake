# kilomark_compile_options(TARGET): the warnings, arithmetic and sanitizers of every target of this project.

function(kilomark_compile_options target)
  # Without -ffp-contract=off the compiler may fuse a*b+c where the machine has FMA: the crops would then differ in
  # their last bits between machines, and between the CPU and a GPU.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -ffp-contract=off)
  if(KILOMARK_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(KILOMARK_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${KILOMARK_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${KILOMARK_SANITIZE})
  endif()
endfunction()

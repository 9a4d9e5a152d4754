#pragma once

namespace kilomark::cuda {

// Whether this thread has no CUDA context yet, or a primary one, which is what the CUDA runtime,
// TensorRT and most libraries work in. PyCUDA's autoinit makes a context of its own instead.
[[nodiscard]] bool uses_primary_context();

}  // namespace kilomark::cuda

#pragma once

#include "arrays.hpp"
#include "kilomark/detector.hpp"

namespace kilomark::bindings {

// The faces of one image as numpy arrays, which own the core's memory.
struct DetectionArrays {
  py::array_t<float> boxes;           // (F, 4)
  py::array_t<float> angles_deg;      // (F,)
  py::array_t<float> scores;          // (F,)
  py::array_t<float> keypoints;       // (F, 5, 2)
  py::array_t<float> landmarks;       // (F, K, 2)
  py::array_t<float> spread;          // (F, K)
  py::array_t<float> presence;        // (F,)
  py::object depth;                   // (F, K), or None
  py::array_t<float> landmark_boxes;  // (F, 4)
};

[[nodiscard]] DetectionArrays to_arrays(Detections&& detections, int num_landmarks);

}  // namespace kilomark::bindings

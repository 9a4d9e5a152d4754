#pragma once

#include <vector>

#include "arrays.hpp"
#include "kilomark/regions.hpp"

namespace kilomark::bindings {

// The regions of one image as numpy arrays.
struct RegionArrays {
  py::array_t<float> boxes;       // (R, 4)
  py::array_t<float> angles_deg;  // (R,)
  py::array_t<float> scores;      // (R,)
  py::array_t<float> keypoints;   // (R, 5, 2)
};

[[nodiscard]] RegionArrays to_arrays(Regions&& regions);
[[nodiscard]] Regions to_regions(const RegionArrays& arrays);

// Boxes (M, 4) of one image as upright regions of score 1.
[[nodiscard]] Regions to_upright_regions(const py::handle& boxes);

}  // namespace kilomark::bindings

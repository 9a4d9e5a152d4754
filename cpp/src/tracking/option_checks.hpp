#pragma once

#include "kilomark/tracker.hpp"

namespace kilomark::tracking {

// Throws Error{kInvalidInput} if an option is out of its range or the layout's sizes differ.
void check(const FaceLayout& layout, const TrackerOptions& options);

}  // namespace kilomark::tracking

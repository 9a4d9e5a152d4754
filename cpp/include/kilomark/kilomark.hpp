#pragma once

// All that a program needs to find faces and their landmarks. Each header documents its own part.

#include "kilomark/bundle.hpp"           // networks as folders: find and read them
#include "kilomark/detector.hpp"         // images to faces and landmarks
#include "kilomark/detector_source.hpp"  // a detector for a tracker
#include "kilomark/error.hpp"            // the one exception
#include "kilomark/image.hpp"            // how pixels are passed
#include "kilomark/log.hpp"              // what the libraries underneath say
#include "kilomark/openvino.hpp"         // where OpenVINO is looked for
#include "kilomark/topology.hpp"         // what each landmark stands for
#include "kilomark/tracker.hpp"          // videos
#include "kilomark/version.hpp"

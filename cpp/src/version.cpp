#include "kilomark/version.hpp"

namespace kilomark {

const char* version() { return KILOMARK_VERSION_STRING; }

}  // namespace kilomark

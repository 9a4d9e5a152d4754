#pragma once

// KILOMARK_API marks what the shared library exports; all else in it is hidden.
#if defined(_WIN32)
#if defined(KILOMARK_BUILDS_SHARED)
#define KILOMARK_API __declspec(dllexport)
#elif defined(KILOMARK_STATIC)
#define KILOMARK_API
#else
#define KILOMARK_API __declspec(dllimport)
#endif
#else
#define KILOMARK_API __attribute__((visibility("default")))
#endif

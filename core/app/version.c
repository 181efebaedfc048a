/* The version that was built; the Makefile says it, and compiles this file anew when it changes. */
#include "core/app/app.h"

#ifndef GATEHOUSE_VERSION
#define GATEHOUSE_VERSION "unknown"
#endif

const char *const app_version = GATEHOUSE_VERSION;

#pragma once

// Written by the build of Torch for XPU: its libraries are shared ones.
#define C10_XPU_BUILD_SHARED_LIBS

// Stands in for Apple's IOSurface: what metal-cpp names of it.
#pragma once

typedef struct __IOSurface *IOSurfaceRef;

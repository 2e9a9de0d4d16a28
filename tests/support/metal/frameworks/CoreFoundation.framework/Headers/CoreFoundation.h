// Stands in for Apple's Core Foundation: what metal-cpp uses of it.
#pragma once

typedef double CFTimeInterval;

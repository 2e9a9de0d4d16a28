// The handle of cuSOLVER that Torch's headers name, and nothing that computes.
#pragma once

#include <cusolver_common.h>

typedef struct cusolverDnContext* cusolverDnHandle_t;

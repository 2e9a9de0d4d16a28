// The handle of cuBLASLt that Torch's headers name, and nothing that computes.
#pragma once

#include <cublas_v2.h>

typedef struct cublasLtContext* cublasLtHandle_t;

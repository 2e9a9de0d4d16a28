// The handle and status of cuBLAS that Torch's headers name, and nothing that computes.
#pragma once

typedef struct cublasContext* cublasHandle_t;

typedef enum { CUBLAS_STATUS_SUCCESS = 0 } cublasStatus_t;

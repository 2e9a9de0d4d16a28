/* Which device it is, as ROCm's device libraries ask at compile time. Source: their file oclc, one constant a device. */
extern const __constant unsigned int __oclc_ISA_version;
const __constant unsigned int __oclc_ISA_version = KERNEL_ISA_VERSION;

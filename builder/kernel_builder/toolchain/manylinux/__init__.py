"""Libraries that load on any Linux as old as a manylinux policy says, built on any Linux: a sysroot by subtraction.

A linker binds each name to the newest version that this machine's glibc and libstdc++ have, and an older system then
refuses to load the result. Only the line that links decides that; so only the line that links is changed. Instead of
the system's libraries it gets

1. **stubs** of libc, libm, libstdc++, libgcc_s, libpthread, …: libraries with names, versions, types and sizes, and no
   code, made from the symbol tables of this machine's own (`locate`, `capped`, `stubs`). Each name is there at the
   newest version that the policy allows, also where the host keeps that for old programs only; what moved into libc
   later is back where it was; what is newer is not there.
2. **libstdc++_nonshared.a**: the host's libstdc++.a without all that the stub of libstdc++ has (`subtract`). What is
   newer than the policy (`std::filesystem`, `std::to_chars` of a double, …) becomes part of the kernel; all that has
   state or an identity (streams, locales, exceptions) is the system's, as in a plain build, and as in the tool chains
   that Red Hat makes for newer compilers on older systems.
3. **libc_nonshared.a**: that of the host, and hidden functions of newer releases of glibc over those of older ones
   (`shims`), as far as compilers and headers bring them in by themselves: `stat`, `__libc_single_threaded`, the waits
   of C++ by a steady clock, `__isoc23_strtol`, ….

Both archives are linked hidden (`--exclude-libs`), and `--gc-sections` drops what no name is left of. The stubs stand
before the libraries of Torch: `libtorch_cpu.so` shows its own copies of newer parts of libstdc++ to everybody, without
versions, and a kernel that took one would depend on that build of Torch. Compilers, their flags and their objects stay
what they are: those of nvcc, hipcc and clang are linked in the same way.

A name that is newer than the policy and in none of these stays undefined without a version, and no linker says so:
`-z defs` would make it an error, but also every name of Python, which kernels leave to the interpreter, and
`--warn-unresolved-symbols` only adds warnings to the log. It is found in the result instead, by the check of undefined
names in `kernel_builder.checks.abi`; `Sysroot.newer` has the names.

The result is kept, by the contents of the host's libraries (`sysroot`); how it is used is said at `Sysroot`.
"""

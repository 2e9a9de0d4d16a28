// The type that c10/util/complex.h converts from and to, and nothing that computes: rocThrust is not packaged here.
#pragma once

namespace thrust {

template <typename T> class complex {
public:
  __host__ __device__ complex(T const &real = T(), T const &imag = T()) : real_(real), imag_(imag) {}
  __host__ __device__ T real() const { return real_; }
  __host__ __device__ T imag() const { return imag_; }

private:
  T real_, imag_;
};

template <typename T> __host__ __device__ T abs(complex<T> const &);
template <typename T> __host__ __device__ T arg(complex<T> const &);
template <typename T> __host__ __device__ T norm(complex<T> const &);
template <typename T> __host__ __device__ complex<T> polar(T const &, T const & = T());
template <typename T> __host__ __device__ complex<T> exp(complex<T> const &);
template <typename T> __host__ __device__ complex<T> log(complex<T> const &);
template <typename T> __host__ __device__ complex<T> log10(complex<T> const &);
template <typename T> __host__ __device__ complex<T> sqrt(complex<T> const &);
template <typename T> __host__ __device__ complex<T> sin(complex<T> const &);
template <typename T> __host__ __device__ complex<T> cos(complex<T> const &);
template <typename T> __host__ __device__ complex<T> tan(complex<T> const &);
template <typename T> __host__ __device__ complex<T> asin(complex<T> const &);
template <typename T> __host__ __device__ complex<T> acos(complex<T> const &);
template <typename T> __host__ __device__ complex<T> atan(complex<T> const &);
template <typename T> __host__ __device__ complex<T> sinh(complex<T> const &);
template <typename T> __host__ __device__ complex<T> cosh(complex<T> const &);
template <typename T> __host__ __device__ complex<T> tanh(complex<T> const &);
template <typename T> __host__ __device__ complex<T> asinh(complex<T> const &);
template <typename T> __host__ __device__ complex<T> acosh(complex<T> const &);
template <typename T> __host__ __device__ complex<T> atanh(complex<T> const &);
template <typename T> __host__ __device__ complex<T> pow(complex<T> const &, complex<T> const &);
template <typename T> __host__ __device__ complex<T> pow(complex<T> const &, T const &);
template <typename T> __host__ __device__ complex<T> pow(T const &, complex<T> const &);

} // namespace thrust

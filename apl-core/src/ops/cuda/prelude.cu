// What every kernel begins with. REAL is float or double; names in capitals are constants that the host gives.

typedef REAL real;
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifndef KERNEL
#define KERNEL(name, parameters) extern "C" __global__ void name parameters
#endif
#ifndef WIDTH
#define WIDTH 1
#endif

// Neighbouring numbers that are loaded and stored at once.
struct alignas(sizeof(real) * WIDTH) Pack {
    real v[WIDTH];
};

__device__ inline Pack load(const real *from, long long pack) {
    return reinterpret_cast<const Pack *>(from)[pack];
}

__device__ inline void store(real *to, long long pack, const Pack &values) {
    reinterpret_cast<Pack *>(to)[pack] = values;
}

// The number of this thread among all along x.
__device__ inline long long place() {
    return (long long)blockIdx.x * blockDim.x + threadIdx.x;
}

// max(0, v); what is no number stays so.
__device__ inline real positive(real v) {
    return v <= real(0) ? real(0) : v;
}

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
// What counts the numbers of a tensor: 32 bits divide faster, where they are enough.
#if defined(LONG) && LONG == 0
typedef int Index;
#else
typedef long long Index;
#endif

// Neighbouring numbers that are loaded and stored at once.
struct alignas(sizeof(real) * WIDTH) Pack {
    real v[WIDTH];
};

// Four of them, whatever WIDTH is.
struct alignas(sizeof(real) * 4) Four {
    real v[4];
};

__device__ inline Pack load(const real *from, long long pack) {
    return reinterpret_cast<const Pack *>(from)[pack];
}

__device__ inline void store(real *to, long long pack, const Pack &values) {
    reinterpret_cast<Pack *>(to)[pack] = values;
}

// Copies a number to what a block shares; where the GPU can, the thread does not wait for it until it asks for what was `fetched`.
__device__ inline void fetch(real *shared, const real *from) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"((u32)__cvta_generic_to_shared(shared)), "l"(from), "n"(sizeof(real)) : "memory");
#else
    *shared = *from;
#endif
}

// Every thread of the block sees what all have fetched.
__device__ inline void fetched() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
    __syncthreads();
}

// The number of this thread among all along x.
__device__ inline long long place() {
    return (long long)blockIdx.x * blockDim.x + threadIdx.x;
}

// The sum over a block, a power of two of threads, in one order whatever the machine; every thread has it. `shared` has a place for each.
template <class T>
__device__ inline T sum_of_block(T value, T *shared) {
    shared[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    const T sum = shared[0];
    __syncthreads();
    return sum;
}

// max(0, v); what is no number stays so.
__device__ inline real positive(real v) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    if (sizeof(real) == 4) {
        float larger;
        asm("max.NaN.f32 %0, %1, 0f00000000;" : "=f"(larger) : "f"(float(v)));
        return larger;
    }
#endif
    return v <= real(0) ? real(0) : v;
}

// Word 0 to 3 of a block of Philox4x32-10: the random numbers of apl_core::random.
__device__ inline u32 philox_word(u32 c0, u32 c1, u32 c2, u32 c3, u32 k0, u32 k1, int word) {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const u32 high = __umulhi(0xD2511F53u, c0), low = 0xD2511F53u * c0;
        const u32 other_high = __umulhi(0xCD9E8D57u, c2), other_low = 0xCD9E8D57u * c2;
        c0 = other_high ^ c1 ^ k0;
        c1 = other_low;
        c2 = high ^ c3 ^ k1;
        c3 = low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return word == 0 ? c0 : word == 1 ? c1 : word == 2 ? c2 : c3;
}

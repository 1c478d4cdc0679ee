// CUDA C on the CPU, for tests: blocks one after the other; the threads of a block are fibres that change places at __syncthreads.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __device__
#define __forceinline__ inline
#define __shared__ static

struct Extent {
    unsigned x, y, z;
};
static Extent threadIdx, blockIdx, blockDim, gridDim;

static inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)(((unsigned long long)a * b) >> 32);
}

namespace emulator {
static ucontext_t scheduler;
static std::vector<ucontext_t> fibres;
static std::vector<char> done;
static void (*body)(void **);
static void **values;

static void enter(int thread) {
    body(values);
    done[thread] = 1;
}

static void block(unsigned threads, std::vector<char> &stacks, size_t stack) {
    fibres.assign(threads, ucontext_t());
    done.assign(threads, 0);
    for (unsigned t = 0; t < threads; ++t) {
        getcontext(&fibres[t]);
        fibres[t].uc_stack.ss_sp = &stacks[t * stack];
        fibres[t].uc_stack.ss_size = stack;
        fibres[t].uc_link = &scheduler;
        makecontext(&fibres[t], (void (*)())enter, 1, (int)t);
    }
    for (bool some = true; some;) {
        some = false;
        for (unsigned t = 0; t < threads; ++t) {
            if (!done[t]) {
                some = true;
                threadIdx = {t, 0, 0};
                swapcontext(&scheduler, &fibres[t]);
            }
        }
    }
}

template <class... A, size_t... I>
static void spread(void (*kernel)(A...), void **values, std::index_sequence<I...>) {
    kernel(*(typename std::remove_cv<A>::type *)values[I]...);
}

template <class... A>
static void apply(void (*kernel)(A...), void **values) {
    spread(kernel, values, std::index_sequence_for<A...>());
}
} // namespace emulator

static inline void __syncthreads() {
    unsigned me = threadIdx.x;
    swapcontext(&emulator::fibres[me], &emulator::scheduler);
    threadIdx = {me, 0, 0};
}

// Runs a kernel, given by what unpacks its arguments.
extern "C" void emulate(void (*kernel)(void **), const unsigned *grid, unsigned threads, void **values) {
    using namespace emulator;
    const size_t stack = 64 << 10;
    std::vector<char> stacks(threads * stack);
    body = kernel;
    emulator::values = values;
    gridDim = {grid[0], grid[1], 1};
    blockDim = {threads, 1, 1};
    for (unsigned y = 0; y < grid[1]; ++y) {
        for (unsigned x = 0; x < grid[0]; ++x) {
            blockIdx = {x, y, 0};
            block(threads, stacks, stack);
        }
    }
}

#define KERNEL(name, parameters)                                                                                       \
    static void name parameters;                                                                                       \
    extern "C" void call_##name(void **values) { emulator::apply(name, values); }                                      \
    static void name parameters

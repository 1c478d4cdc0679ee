// Channels last, and back: a block turns TALL channels by WIDE positions of an image through memory that it shares. Blocks: along x over images and their
// tiles of positions, along y over tiles of channels. ROUNDED says whether turned numbers are bf16 or f32; they go by twos. BIASED says
// whether every channel gets a number of its own added on the way back.

#define TILES ((POSITIONS + WIDE - 1) / WIDE)

union Bits {
    float value;
    u32 word;
};

#if ROUNDED
typedef u32 Two;

// To the nearest, ties to even; what is no number stays so.
__device__ inline u32 rounded(float value) {
    Bits bits;
    bits.value = value;
    const u32 word = bits.word;
    if ((word & 0x7fffffffu) > 0x7f800000u) return word >> 16 | 0x40u;
    return (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
}

__device__ inline Two two(float first, float second) {
    return rounded(first) | rounded(second) << 16;
}

__device__ inline float first(Two two) {
    Bits bits;
    bits.word = two << 16;
    return bits.value;
}

__device__ inline float second(Two two) {
    Bits bits;
    bits.word = two & 0xffff0000u;
    return bits.value;
}
#else
struct alignas(8) Two {
    float v[2];
};

__device__ inline Two two(float first, float second) {
    Two two;
    two.v[0] = first;
    two.v[1] = second;
    return two;
}

__device__ inline float first(Two two) {
    return two.v[0];
}

__device__ inline float second(Two two) {
    return two.v[1];
}
#endif

KERNEL(turn, (const float *from, Two *to)) {
    __shared__ float tile[TALL][WIDE + 1];
    const Index image = blockIdx.x / TILES;
    const int position = blockIdx.x % TILES * WIDE, channel = blockIdx.y * TALL;
#pragma unroll 8
    for (int i = threadIdx.x; i < TALL * WIDE; i += BLOCK) {
        const int c = i / WIDE, p = i % WIDE;
        const bool there = channel + c < CHANNELS && position + p < POSITIONS;
        tile[c][p] = there ? from[(image * CHANNELS + channel + c) * POSITIONS + position + p] : 0.0f;
    }
    __syncthreads();
#pragma unroll 4
    for (int i = threadIdx.x; i < TALL / 2 * WIDE; i += BLOCK) {
        const int c = i % (TALL / 2) * 2, p = i / (TALL / 2);
        if (channel + c >= PADDED || position + p >= POSITIONS) continue;
        to[((image * POSITIONS + position + p) * PADDED + channel + c) / 2] = two(tile[c][p], tile[c + 1][p]);
    }
}

KERNEL(turn_back, (const Two *from, const float *bias, float *to)) {
    __shared__ float tile[TALL][WIDE + 1];
    const Index image = blockIdx.x / TILES;
    const int position = blockIdx.x % TILES * WIDE, channel = blockIdx.y * TALL;
#pragma unroll 4
    for (int i = threadIdx.x; i < TALL / 2 * WIDE; i += BLOCK) {
        const int c = i % (TALL / 2) * 2, p = i / (TALL / 2);
        if (channel + c >= PADDED || position + p >= POSITIONS) continue;
        const Two both = from[((image * POSITIONS + position + p) * PADDED + channel + c) / 2];
        tile[c][p] = first(both);
        tile[c + 1][p] = second(both);
    }
    __syncthreads();
#pragma unroll 8
    for (int i = threadIdx.x; i < TALL * WIDE; i += BLOCK) {
        const int c = i / WIDE, p = i % WIDE;
        const bool there = channel + c < CHANNELS && position + p < POSITIONS;
        if (there) to[(image * CHANNELS + channel + c) * POSITIONS + position + p] = tile[c][p] + (BIASED ? bias[channel + c] : 0.0f);
    }
}

// Channels last, and back: a block turns TALL channels by WIDE positions of an image through memory that it shares. Blocks: along x over images and their
// tiles of positions, along y over tiles of channels. Turned numbers are bf16 and go by twos. BIASED says whether every channel gets a number of its own
// added on the way back.

#define TILES ((POSITIONS + WIDE - 1) / WIDE)

union Bits {
    float value;
    u32 word;
};

// To the nearest, ties to even; what is no number stays so.
__device__ inline u32 rounded(float value) {
    Bits bits;
    bits.value = value;
    const u32 word = bits.word;
    if ((word & 0x7fffffffu) > 0x7f800000u) return word >> 16 | 0x40u;
    return (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
}

__device__ inline float widened(u32 upper) {
    Bits bits;
    bits.word = upper;
    return bits.value;
}

KERNEL(turn, (const float *from, u32 *to)) {
    __shared__ float tile[TALL][WIDE + 1];
    const Index image = blockIdx.x / TILES;
    const int position = blockIdx.x % TILES * WIDE, channel = blockIdx.y * TALL;
#pragma unroll 8
    for (int i = threadIdx.x; i < TALL * WIDE; i += BLOCK) {
        const int c = i / WIDE, p = i % WIDE;
        if (channel + c >= CHANNELS || position + p >= POSITIONS) continue;
        tile[c][p] = from[(image * CHANNELS + channel + c) * POSITIONS + position + p];
    }
    __syncthreads();
#pragma unroll 4
    for (int i = threadIdx.x; i < TALL / 2 * WIDE; i += BLOCK) {
        const int c = i % (TALL / 2) * 2, p = i / (TALL / 2);
        if (channel + c >= CHANNELS || position + p >= POSITIONS) continue;
        to[((image * POSITIONS + position + p) * CHANNELS + channel + c) / 2] = rounded(tile[c][p]) | rounded(tile[c + 1][p]) << 16;
    }
}

KERNEL(turn_back, (const u32 *from, const float *bias, float *to)) {
    __shared__ float tile[TALL][WIDE + 1];
    const Index image = blockIdx.x / TILES;
    const int position = blockIdx.x % TILES * WIDE, channel = blockIdx.y * TALL;
#pragma unroll 4
    for (int i = threadIdx.x; i < TALL / 2 * WIDE; i += BLOCK) {
        const int c = i % (TALL / 2) * 2, p = i / (TALL / 2);
        if (channel + c >= CHANNELS || position + p >= POSITIONS) continue;
        const u32 two = from[((image * POSITIONS + position + p) * CHANNELS + channel + c) / 2];
        tile[c][p] = widened(two << 16);
        tile[c + 1][p] = widened(two & 0xffff0000u);
    }
    __syncthreads();
#pragma unroll 8
    for (int i = threadIdx.x; i < TALL * WIDE; i += BLOCK) {
        const int c = i / WIDE, p = i % WIDE;
        if (channel + c >= CHANNELS || position + p >= POSITIONS) continue;
        to[(image * CHANNELS + channel + c) * POSITIONS + position + p] = BIASED ? tile[c][p] + bias[channel + c] : tile[c][p];
    }
}

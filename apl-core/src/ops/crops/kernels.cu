// Windows of stored images, moved by up to PADDING pixels either way and perhaps mirrored, or as they are. BYTES says whether images are stored as bytes,
// which become (byte - mean) scale, or as numbers, which stay. Outside an image there are zeros.
#if BYTES
typedef u8 Stored;
#else
typedef float Stored;
#endif

// The next number below `bound` of a stream, without bias (Lemire's rejection); `word` counts the words that were taken.
__device__ inline u32 below(u32 bound, u32 index_low, u32 index_high, u32 key_low, u32 key_high, int &word) {
    const u32 threshold = (0u - bound) % bound;
    for (;;) {
        const u32 next = philox_word(word / 4, 0, index_low, index_high, key_low, key_high, word % 4);
        ++word;
        if (next * bound >= threshold) return __umulhi(next, bound);
    }
}

KERNEL(crop, (const Stored *images, const u32 *labels, const real *mean, real scale, const u32 *indices, real *to, u32 *to_labels, long long count, int channels, int height, int width, int random, u32 key_low, u32 key_high, u32 epoch)) {
    const long long i = place();
    if (i >= count) return;
    const int values = channels * height * width;
    const int at = i % values;
    const long long n = i / values;
    const u32 image = indices[n];
    if (at == 0) to_labels[n] = labels[image];
    int top = PADDING, left = PADDING, flip = 0;
    if (random) {
        int word = 0;
        top = below(2 * PADDING + 1, image, epoch, key_low, key_high, word);
        left = below(2 * PADDING + 1, image, epoch, key_low, key_high, word);
        flip = philox_word(word / 4, 0, image, epoch, key_low, key_high, word % 4) & 1;
    }
    const int channel = at / (height * width);
    const int row = at / width % height + top - PADDING;
    const int column = (flip ? width - 1 - at % width : at % width) + left - PADDING;
    real value = 0;
    if (row >= 0 && row < height && column >= 0 && column < width) {
        const int from = (channel * height + row) * width + column;
        const Stored stored = images[(long long)image * values + from];
#if BYTES
        value = (real(stored) - mean[from]) * scale;
#else
        value = real(stored);
#endif
    }
    to[i] = value;
}

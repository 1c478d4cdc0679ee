// Dropout: element i is dropped where byte i % 16 of Philox block i / 16 is below the threshold. A thread decides about four elements, one word.

// `y` may be `x`. The step is the two words at `step` where there are any, else those given.
KERNEL(apply, (const real *x, real *y, long long count, u32 key_low, u32 key_high, const u32 *step, u32 step_low, u32 step_high, u32 threshold, real scale)) {
    const long long quad = place();
    if (4 * quad >= count) return;
    if (step) {
        step_low = step[0];
        step_high = step[1];
    }
    const u64 block = quad / 4;
    const u32 word = philox_word(u32(block), u32(block >> 32), step_low, step_high, key_low, key_high, quad % 4);
#if WIDTH == 4
    Pack values = load(x, quad);
#pragma unroll
    for (int w = 0; w < 4; ++w) values.v[w] = (word >> (8 * w) & 255) < threshold ? real(0) : values.v[w] * scale;
    store(y, quad, values);
#else
    for (int w = 0; w < 4 && 4 * quad + w < count; ++w) {
        const long long i = 4 * quad + w;
        y[i] = (word >> (8 * w) & 255) < threshold ? real(0) : x[i] * scale;
    }
#endif
}

// Rows of a matrix that are named by their numbers, a thread a number of the result.
KERNEL(gather, (const real *from, const u32 *rows, real *to, long long count, int width)) {
    const long long i = place();
    if (i < count) to[i] = from[(long long)rows[i / width] * width + i % width];
}

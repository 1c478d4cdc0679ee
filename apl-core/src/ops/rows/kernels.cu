// Rows of ROW numbers of a matrix that are named by their numbers, a thread a number of the result.
KERNEL(gather, (const real *from, const u32 *rows, real *to, long long count)) {
    const long long i = place();
    if (i < count) to[i] = from[(long long)rows[i / ROW] * ROW + i % ROW];
}

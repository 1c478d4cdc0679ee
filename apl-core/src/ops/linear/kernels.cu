// What a fully connected layer needs beside its matrix products.

// The bias in every row.
KERNEL(fill_rows, (const real *bias, real *y, int columns, long long count)) {
    const long long i = place();
    if (i < count) y[i] = bias[i % columns];
}

// The sum over rows, in order.
KERNEL(sum_rows, (const real *g, real *sum, int rows, int columns)) {
    const long long column = place();
    if (column >= columns) return;
    real total = 0;
    for (int n = 0; n < rows; ++n) total += g[n * (long long)columns + column];
    sum[column] = total;
}

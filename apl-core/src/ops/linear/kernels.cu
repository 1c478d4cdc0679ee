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

#ifdef DEPTH
// A product that one block has all of in shared memory: to[m, n] = sum_k left(m, k) right(n, k) + bias[n], where either factor lies as [rows, DEPTH]
// (BY_ROWS is 1) or as [DEPTH, rows]. A block computes TILE by TILE numbers; SLICES groups of threads share its depth. Blocks of the first column also
// add up `left` along the depth into `sums[m]`, where there is any.
#define TILE 16
#define SLICES 4
#define FOURS ((DEPTH + 3) / 4)
// Odd, so that rows begin in different banks.
#define ROW (FOURS | 1)

template <int BY_ROWS>
__device__ inline void fetch_panel(real *panel, const real *from, int rows, int first) {
#pragma unroll 8
    for (int i = threadIdx.x; i < TILE * DEPTH; i += BLOCK) {
        const int row = BY_ROWS ? i / DEPTH : i % TILE, k = BY_ROWS ? i % DEPTH : i / TILE;
        real *to = panel + row * 4 * ROW + k;
        if (first + row < rows) {
            fetch(to, from + (BY_ROWS ? (first + row) * (long long)DEPTH + k : k * (long long)rows + first + row));
        } else {
            *to = 0;
        }
    }
    for (int i = threadIdx.x; i < TILE * (4 * FOURS - DEPTH); i += BLOCK) panel[i % TILE * 4 * ROW + DEPTH + i / TILE] = 0;
}

KERNEL(product, (const real *left, const real *right, const real *bias, real *to, real *sums, int m, int n)) {
    __shared__ Four panels[2][TILE * ROW];
    __shared__ real parts[SLICES][TILE][TILE + 1];
    const int top = blockIdx.y * TILE, start = blockIdx.x * TILE;
    fetch_panel<LEFT_BY_ROWS>(panels[0][0].v, left, m, top);
    fetch_panel<RIGHT_BY_ROWS>(panels[1][0].v, right, n, start);
    fetched();
    // A thread takes two rows of either panel, eight apart, and a slice of the depth.
    const int slice = threadIdx.x / (TILE * TILE / 4), row = threadIdx.x / 8 % 8, column = threadIdx.x % 8;
    const Four *a = panels[0] + row * ROW, *b = panels[1] + column * ROW;
    real sum[2][2] = {{0, 0}, {0, 0}};
#pragma unroll 4
    for (int k = slice; k < FOURS; k += SLICES) {
        const Four a0 = a[k], a1 = a[8 * ROW + k], b0 = b[k], b1 = b[8 * ROW + k];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            sum[0][0] += a0.v[i] * b0.v[i];
            sum[0][1] += a0.v[i] * b1.v[i];
            sum[1][0] += a1.v[i] * b0.v[i];
            sum[1][1] += a1.v[i] * b1.v[i];
        }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) parts[slice][row + 8 * (i / 2)][column + 8 * (i % 2)] = sum[i / 2][i % 2];
    __syncthreads();
    const int mine = threadIdx.x / TILE, other = threadIdx.x % TILE;
    if (top + mine < m && start + other < n) {
        real total = 0;
#pragma unroll
        for (int s = 0; s < SLICES; ++s) total += parts[s][mine][other];
        to[(top + mine) * (long long)n + start + other] = bias ? total + bias[start + other] : total;
    }
    if (!sums || blockIdx.x) return;
    __syncthreads();
    real part = 0;
    for (int k = other; k < DEPTH; k += TILE) part += panels[0][mine * ROW + k / 4].v[k % 4];
    parts[0][mine][other] = part;
    __syncthreads();
    if (threadIdx.x >= TILE || top + (int)threadIdx.x >= m) return;
    real total = 0;
#pragma unroll
    for (int i = 0; i < TILE; ++i) total += parts[0][threadIdx.x][i];
    sums[top + threadIdx.x] = total;
}
#endif

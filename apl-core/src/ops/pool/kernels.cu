// Max and average pooling over square windows of SIDE pixels, STRIDE apart, over a border of PADDING; the last window may hang over the edge. Planes are
// images times channels, HEIGHT by ACROSS pixels with ROWS by COLUMNS windows; sizes are constants, so that places are divided by constants. Gradients
// are gathered, in the order of the windows.

// Cells of a window along an axis that an average counts.
__device__ inline int extent(int window, int size) {
    const int room = size + 2 * PADDING - window * STRIDE;
    return room < SIDE ? room : SIDE;
}

__device__ inline real share(int row, int column) {
    return real(1) / real(extent(row, HEIGHT) * extent(column, ACROSS));
}

// The first window along an axis that has a pixel, and the last.
__device__ inline int first_window(int pixel) {
    const int over = pixel + PADDING - SIDE + 1;
    return over > 0 ? (over + STRIDE - 1) / STRIDE : 0;
}

__device__ inline int last_window(int pixel, int windows) {
    const int last = (pixel + PADDING) / STRIDE;
    return last < windows ? last : windows - 1;
}

KERNEL(max_forward, (const real *x, real *y, u8 *choice, long long count)) {
    const Index i = place();
    if (i >= count) return;
    const int column = i % COLUMNS, row = i / COLUMNS % ROWS;
    const real *plane = x + i / (COLUMNS * ROWS) * (HEIGHT * ACROSS);
    real best = 0;
    int chosen = -1;
    for (int u = 0; u < SIDE; ++u) {
        const int r = row * STRIDE + u - PADDING;
        for (int v = 0; v < SIDE; ++v) {
            const int c = column * STRIDE + v - PADDING;
            if (r < 0 || r >= HEIGHT || c < 0 || c >= ACROSS) continue;
            const real value = plane[r * ACROSS + c];
            // A larger value, or the first that is no number.
            if (chosen < 0 || value > best || (value != value && best == best)) {
                best = value;
                chosen = u * SIDE + v;
            }
        }
    }
    y[i] = best;
    choice[i] = u8(chosen);
}

// WIDTH neighbouring pixels of a row a thread. MOST windows along an axis meet one pixel, ACROSS_PACK columns of windows meet a pack.
#define MOST ((SIDE + STRIDE - 1) / STRIDE)
#define ACROSS_PACK ((SIDE + WIDTH - 1 + STRIDE - 1) / STRIDE)

// What the windows that meet a pack give it, window by window: `add(sum, at, row, column, down, along)` is told where the window is among all, and where it
// begins, seen from the pack.
template <class Add>
__device__ inline Pack gathered(Index pack, Add add) {
    const int c = pack % (ACROSS / WIDTH) * WIDTH, r = pack / (ACROSS / WIDTH) % HEIGHT;
    const Index plane = pack / (ACROSS / WIDTH * HEIGHT) * (ROWS * COLUMNS);
    const int top = first_window(r), left = first_window(c), bottom = last_window(r, ROWS), right = last_window(c + WIDTH - 1, COLUMNS);
    Pack sum;
#pragma unroll
    for (int w = 0; w < WIDTH; ++w) sum.v[w] = 0;
#pragma unroll
    for (int u = 0; u < MOST; ++u) {
        const int row = top + u;
#pragma unroll
        for (int v = 0; v < ACROSS_PACK; ++v) {
            const int column = left + v;
            if (row > bottom || column > right) continue;
            add(sum, plane + row * COLUMNS + column, row, column, row * STRIDE - PADDING - r, column * STRIDE - PADDING - c);
        }
    }
    return sum;
}

KERNEL(max_backward, (const real *g, const u8 *choice, real *dx, long long packs)) {
    const Index pack = place();
    if (pack >= packs) return;
    store(dx, pack, gathered(pack, [=](Pack &sum, Index at, int, int, int down, int along) {
        const int cell = choice[at];
        const real value = g[at];
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) {
            if (down + cell / SIDE == 0 && along + cell % SIDE == w) sum.v[w] += value;
        }
    }));
}

KERNEL(average_forward, (const real *x, real *y, long long count)) {
    const Index i = place();
    if (i >= count) return;
    const int column = i % COLUMNS, row = i / COLUMNS % ROWS;
    const real *plane = x + i / (COLUMNS * ROWS) * (HEIGHT * ACROSS);
    real sum = 0;
    for (int u = 0; u < SIDE; ++u) {
        const int r = row * STRIDE + u - PADDING;
        for (int v = 0; v < SIDE; ++v) {
            const int c = column * STRIDE + v - PADDING;
            if (r >= 0 && r < HEIGHT && c >= 0 && c < ACROSS) sum += plane[r * ACROSS + c];
        }
    }
    y[i] = sum * share(row, column);
}

KERNEL(average_backward, (const real *g, real *dx, long long packs)) {
    const Index pack = place();
    if (pack >= packs) return;
    store(dx, pack, gathered(pack, [=](Pack &sum, Index at, int row, int column, int, int along) {
        const real value = g[at] * share(row, column);
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) {
            if (w >= along && w < along + SIDE) sum.v[w] += value;
        }
    }));
}

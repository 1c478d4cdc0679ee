// Max and average pooling over square windows of SIDE pixels, STRIDE apart, over a border of PADDING; the last window may hang over the edge. Planes are
// images times channels. Gradients are gathered, a thread a pixel, in the order of the windows.

// Cells of a window along an axis that an average counts.
__device__ inline int extent(int window, int size) {
    const int room = size + 2 * PADDING - window * STRIDE;
    return room < SIDE ? room : SIDE;
}

__device__ inline real share(int row, int column, int height, int width) {
    return real(1) / real(extent(row, height) * extent(column, width));
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

KERNEL(max_forward, (const real *x, real *y, u8 *choice, long long count, int height, int width, int rows, int columns)) {
    const long long i = place();
    if (i >= count) return;
    const int column = i % columns, row = i / columns % rows;
    const real *plane = x + i / columns / rows * height * width;
    real best = 0;
    int chosen = -1;
    for (int u = 0; u < SIDE; ++u) {
        const int r = row * STRIDE + u - PADDING;
        if (r < 0 || r >= height) continue;
        for (int v = 0; v < SIDE; ++v) {
            const int c = column * STRIDE + v - PADDING;
            if (c < 0 || c >= width) continue;
            const real value = plane[r * width + c];
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

KERNEL(max_backward, (const real *g, const u8 *choice, real *dx, long long count, int height, int width, int rows, int columns)) {
    const long long i = place();
    if (i >= count) return;
    const int c = i % width, r = i / width % height;
    const long long plane = i / width / height * rows * columns;
    real sum = 0;
    for (int row = first_window(r); row <= last_window(r, rows); ++row) {
        for (int column = first_window(c); column <= last_window(c, columns); ++column) {
            const int cell = (r + PADDING - row * STRIDE) * SIDE + c + PADDING - column * STRIDE;
            const long long at = plane + row * columns + column;
            if (choice[at] == cell) sum += g[at];
        }
    }
    dx[i] = sum;
}

KERNEL(average_forward, (const real *x, real *y, long long count, int height, int width, int rows, int columns)) {
    const long long i = place();
    if (i >= count) return;
    const int column = i % columns, row = i / columns % rows;
    const real *plane = x + i / columns / rows * height * width;
    real sum = 0;
    for (int u = 0; u < SIDE; ++u) {
        const int r = row * STRIDE + u - PADDING;
        if (r < 0 || r >= height) continue;
        for (int v = 0; v < SIDE; ++v) {
            const int c = column * STRIDE + v - PADDING;
            if (c >= 0 && c < width) sum += plane[r * width + c];
        }
    }
    y[i] = sum * share(row, column, height, width);
}

KERNEL(average_backward, (const real *g, real *dx, long long count, int height, int width, int rows, int columns)) {
    const long long i = place();
    if (i >= count) return;
    const int c = i % width, r = i / width % height;
    const real *plane = g + i / width / height * rows * columns;
    real sum = 0;
    for (int row = first_window(r); row <= last_window(r, rows); ++row) {
        for (int column = first_window(c); column <= last_window(c, columns); ++column) {
            sum += plane[row * columns + column] * share(row, column, height, width);
        }
    }
    dx[i] = sum;
}

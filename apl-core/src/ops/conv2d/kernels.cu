// A convolution by one matrix product over several images: `columns[tap, image * position]` is the pixel that a tap (channel, row, column of the kernel)
// meets at a position, `wide[output, image * position]` the output or its gradient in the same order. The window's numbers are constants.

KERNEL(image_to_columns, (const real *x, real *to, long long count, int images, int channels, int height, int width, int rows, int columns)) {
    const long long i = place();
    if (i >= count) return;
    const long long places = (long long)images * rows * columns;
    const long long at = i % places;
    const int tap = i / places;
    const int column = at % columns, row = at / columns % rows, image = at / columns / rows;
    const int v = tap % KERNEL_WIDTH, u = tap / KERNEL_WIDTH % KERNEL_HEIGHT, channel = tap / KERNEL_WIDTH / KERNEL_HEIGHT;
    const int r = row * STRIDE + u - PADDING, c = column * STRIDE + v - PADDING;
    const bool inside = r >= 0 && r < height && c >= 0 && c < width;
    to[i] = inside ? x[(((long long)image * channels + channel) * height + r) * width + c] : real(0);
}

// Every pixel gathers what it met, tap by tap.
KERNEL(columns_to_image, (const real *from, real *dx, long long count, int images, int channels, int height, int width, int rows, int columns)) {
    const long long i = place();
    if (i >= count) return;
    const int c = i % width, r = i / width % height, channel = i / width / height % channels;
    const long long image = i / width / height / channels;
    const long long places = (long long)images * rows * columns;
    real sum = 0;
    for (int u = 0; u < KERNEL_HEIGHT; ++u) {
        const int down = r + PADDING - u;
        if (down < 0 || down % STRIDE || down / STRIDE >= rows) continue;
        for (int v = 0; v < KERNEL_WIDTH; ++v) {
            const int along = c + PADDING - v;
            if (along < 0 || along % STRIDE || along / STRIDE >= columns) continue;
            const long long tap = ((long long)channel * KERNEL_HEIGHT + u) * KERNEL_WIDTH + v;
            sum += from[tap * places + (image * rows + down / STRIDE) * columns + along / STRIDE];
        }
    }
    dx[i] = sum;
}

// From `wide` to images, the bias added.
KERNEL(wide_to_images, (const real *wide, const real *bias, real *y, long long count, int images, int outputs, int positions)) {
    const long long i = place();
    if (i >= count) return;
    const int position = i % positions, output = i / positions % outputs;
    const long long image = i / positions / outputs;
    y[i] = wide[(output * (long long)images + image) * positions + position] + bias[output];
}

KERNEL(images_to_wide, (const real *g, real *wide, long long count, int images, int outputs, int positions)) {
    const long long i = place();
    if (i >= count) return;
    const int position = i % positions, output = i / positions / images;
    const long long image = i / positions % images;
    wide[i] = g[(image * outputs + output) * positions + position];
}

// The sum over images and positions, a block an output, in one order whatever the machine.
KERNEL(sum_planes, (const real *g, real *sum, int images, int outputs, int positions)) {
    __shared__ real shared[BLOCK];
    const int output = blockIdx.x;
    real total = 0;
    for (long long i = threadIdx.x; i < (long long)images * positions; i += BLOCK) {
        total += g[(i / positions * outputs + output) * positions + i % positions];
    }
    total = sum_of_block(total, shared);
    if (threadIdx.x == 0) sum[output] = total;
}

// A convolution by one matrix product over several images: `columns[tap, image * position]` is the pixel that a tap (channel, row, column of the kernel)
// meets at a position, `wide[output, image * position]` the output or its gradient in the same order. All sizes but the number of images are constants,
// so that places are divided by constants.

#define POSITIONS (ROWS * COLUMNS)
#define PIXELS (IMAGE_HEIGHT * IMAGE_WIDTH)

// Blocks: along x over images and positions, along y over taps.
KERNEL(image_to_columns, (const real *x, real *to, long long places)) {
    const Index at = place();
    if (at >= places) return;
    const int column = at % COLUMNS, row = at / COLUMNS % ROWS, image = at / POSITIONS;
    for (int tap = blockIdx.y; tap < CHANNELS * KERNEL_HEIGHT * KERNEL_WIDTH; tap += gridDim.y) {
        const int v = tap % KERNEL_WIDTH, u = tap / KERNEL_WIDTH % KERNEL_HEIGHT, channel = tap / (KERNEL_WIDTH * KERNEL_HEIGHT);
        const int r = row * STRIDE + u - PADDING, c = column * STRIDE + v - PADDING;
        const bool inside = r >= 0 && r < IMAGE_HEIGHT && c >= 0 && c < IMAGE_WIDTH;
        to[tap * places + at] = inside ? x[((Index)image * CHANNELS + channel) * PIXELS + r * IMAGE_WIDTH + c] : real(0);
    }
}

// Every pixel gathers what it met, tap by tap.
KERNEL(columns_to_image, (const real *from, real *dx, long long count, long long places)) {
    const Index i = place();
    if (i >= count) return;
    const int c = i % IMAGE_WIDTH, r = i / IMAGE_WIDTH % IMAGE_HEIGHT, channel = i / PIXELS % CHANNELS;
    const Index image = i / (PIXELS * CHANNELS);
    real sum = 0;
    for (int u = 0; u < KERNEL_HEIGHT; ++u) {
        const int down = r + PADDING - u;
        if (down < 0 || down % STRIDE || down / STRIDE >= ROWS) continue;
        for (int v = 0; v < KERNEL_WIDTH; ++v) {
            const int along = c + PADDING - v;
            if (along < 0 || along % STRIDE || along / STRIDE >= COLUMNS) continue;
            const int tap = (channel * KERNEL_HEIGHT + u) * KERNEL_WIDTH + v;
            sum += from[tap * places + (image * ROWS + down / STRIDE) * COLUMNS + along / STRIDE];
        }
    }
    dx[i] = sum;
}

// From `wide` to images, the bias added.
KERNEL(wide_to_images, (const real *wide, const real *bias, real *y, long long count, int images)) {
    const Index i = place();
    if (i >= count) return;
    const int position = i % POSITIONS, output = i / POSITIONS % OUTPUTS, image = i / POSITIONS / OUTPUTS;
    y[i] = wide[((Index)output * images + image) * POSITIONS + position] + bias[output];
}

// Blocks: along x over images and positions, along y over outputs.
KERNEL(images_to_wide, (const real *g, real *wide, long long places)) {
    const Index at = place();
    if (at >= places) return;
    const int position = at % POSITIONS, image = at / POSITIONS;
    for (int output = blockIdx.y; output < OUTPUTS; output += gridDim.y) {
        wide[output * places + at] = g[((Index)image * OUTPUTS + output) * POSITIONS + position];
    }
}

// The bias, on top of what is there.
KERNEL(add_bias, (const real *bias, real *y, long long packs)) {
    const Index pack = place();
    if (pack >= packs) return;
    const real more = bias[pack / (POSITIONS / WIDTH) % OUTPUTS];
    Pack values = load(y, pack);
#pragma unroll
    for (int w = 0; w < WIDTH; ++w) values.v[w] += more;
    store(y, pack, values);
}

// Sums over positions and some images, a block for an output and `span` images, in one order whatever the machine: [chunk, output].
KERNEL(sum_planes, (const real *g, real *parts, int images, int span)) {
    __shared__ real shared[BLOCK];
    const int output = blockIdx.x, first = blockIdx.y * span, packs = POSITIONS / WIDTH;
    const int here = first + span < images ? span : images - first;
    real total = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < here * packs; i += BLOCK) {
        const Pack values = load(g, ((long long)(first + i / packs) * OUTPUTS + output) * packs + i % packs);
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) total += values.v[w];
    }
    total = sum_of_block(total, shared);
    if (threadIdx.x == 0) parts[blockIdx.y * OUTPUTS + output] = total;
}

// The sums over chunks, in order.
KERNEL(add_parts, (const real *parts, real *sum, long long count, int chunks)) {
    const Index i = place();
    if (i >= count) return;
    real total = 0;
#pragma unroll 8
    for (int c = 0; c < chunks; ++c) total += parts[c * count + i];
    sum[i] = total;
}

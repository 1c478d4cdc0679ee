// The adaptive piecewise linear activation. HINGES is S. NaN stays NaN on the way forward; backwards it is below no offset.

// x[batch, units], slopes and offsets [HINGES, units]: every unit has its own. A thread takes WIDTH neighbouring units; a block has LANES such packs and
// GROUPS threads for each, which go through the `rows` examples of the block in turn.
#define GROUPS (BLOCK / LANES)
// Examples whose loads are under way at a time, forward and backward: a thread asks for all of them before it stores anything, as the compiler must think
// that the results lie over them. With many hinges arithmetic is what takes time.
#define AHEAD (HINGES > 10 ? 1 : WIDTH > 1 ? 8 / WIDTH : 4)
#define BACK (HINGES > 10 ? 1 : 8 / WIDTH)
// BY_INPUT says whether the gradient by the values is wanted.

// What stands for examples that are not there, whose gradient is nothing either.
__device__ inline Pack nothing() {
    Pack pack;
#pragma unroll
    for (int w = 0; w < WIDTH; ++w) pack.v[w] = 0;
    return pack;
}

KERNEL(forward_units, (const real *x, const real *slopes, const real *offsets, real *y, int packs, int batch, int rows)) {
    const Index pack = blockIdx.x * (Index)LANES + threadIdx.x % LANES;
    if (pack >= packs) return;
    Pack a[HINGES], b[HINGES];
#pragma unroll
    for (int s = 0; s < HINGES; ++s) {
        a[s] = load(slopes, s * (long long)packs + pack);
        b[s] = load(offsets, s * (long long)packs + pack);
    }
    const int first = blockIdx.y * rows;
    const int last = first + rows < batch ? first + rows : batch;
    const auto at = [=](int n) { return n * (Index)packs + pack; };
    const auto through = [&](const Pack &in) {
        Pack out;
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) {
            real sum = positive(in.v[w]);
#pragma unroll
            for (int s = 0; s < HINGES; ++s) sum += a[s].v[w] * positive(b[s].v[w] - in.v[w]);
            out.v[w] = sum;
        }
        return out;
    };
    // A round of examples, of which all are there or, in the last one, some.
    const auto examples = [&](int n, bool all) {
        Pack in[AHEAD];
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            in[k] = nothing();
            if (all || n + k * GROUPS < last) in[k] = load(x, at(n + k * GROUPS));
        }
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            const Pack out = through(in[k]);
            if (all || n + k * GROUPS < last) store(y, at(n + k * GROUPS), out);
        }
    };
    int n = first + threadIdx.x / LANES;
    for (; n + (AHEAD - 1) * GROUPS < last; n += AHEAD * GROUPS) examples(n, true);
    if (n < last) examples(n, false);
}

// The sums over a block's examples go to [chunk, HINGES, units] of `by_slope` and `by_offset`. Without `by_slope` that part is left out.
KERNEL(backward_units, (const real *x, const real *slopes, const real *offsets, const real *g, real *dx, real *by_slope, real *by_offset, int packs, int batch, int rows)) {
    // Two of each: while threads add up one hinge's sums others write the next one's.
    __shared__ real shared[2][2][GROUPS][LANES * WIDTH];
    const int lane = threadIdx.x % LANES, group = threadIdx.x / LANES;
    const Index pack = blockIdx.x * (Index)LANES + lane;
    Pack a[HINGES], b[HINGES], da[HINGES], open[HINGES];
#pragma unroll
    for (int s = 0; s < HINGES; ++s) {
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) a[s].v[w] = b[s].v[w] = da[s].v[w] = open[s].v[w] = 0;
        if (pack < packs) {
            a[s] = load(slopes, s * (long long)packs + pack);
            b[s] = load(offsets, s * (long long)packs + pack);
        }
    }
    const int first = blockIdx.y * rows;
    const int last = pack >= packs ? 0 : first + rows < batch ? first + rows : batch;
    const auto at = [=](int n) { return n * (Index)packs + pack; };
    const auto back = [&](const Pack &in, const Pack &up) {
        Pack out;
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) {
            real slope = in.v[w] > 0 ? 1 : 0;
#pragma unroll
            for (int s = 0; s < HINGES; ++s) {
                const real over = b[s].v[w] - in.v[w];
                if (over > 0) {
                    slope -= a[s].v[w];
                    da[s].v[w] += up.v[w] * over;
                    open[s].v[w] += up.v[w];
                }
            }
            out.v[w] = up.v[w] * slope;
        }
        return out;
    };
    const auto examples = [&](int n, bool all) {
        Pack in[BACK], up[BACK];
#pragma unroll
        for (int k = 0; k < BACK; ++k) {
            in[k] = nothing();
            up[k] = nothing();
            if (all || n + k * GROUPS < last) {
                in[k] = load(x, at(n + k * GROUPS));
                up[k] = load(g, at(n + k * GROUPS));
            }
        }
#pragma unroll
        for (int k = 0; k < BACK; ++k) {
            const Pack out = back(in[k], up[k]);
            if (BY_INPUT && (all || n + k * GROUPS < last)) store(dx, at(n + k * GROUPS), out);
        }
    };
    int n = first + group;
    for (; n + (BACK - 1) * GROUPS < last; n += BACK * GROUPS) examples(n, true);
    if (n < last) examples(n, false);
    if (!by_slope) return;
    const long long units = packs * (long long)WIDTH;
#pragma unroll
    for (int s = 0; s < HINGES; ++s) {
#pragma unroll
        for (int w = 0; w < WIDTH; ++w) {
            shared[s % 2][0][group][lane * WIDTH + w] = da[s].v[w];
            shared[s % 2][1][group][lane * WIDTH + w] = a[s].v[w] * open[s].v[w];
        }
        __syncthreads();
        for (int i = threadIdx.x; i < 2 * LANES * WIDTH; i += BLOCK) {
            const int which = i / (LANES * WIDTH), mine = i % (LANES * WIDTH);
            const long long unit = blockIdx.x * (long long)(LANES * WIDTH) + mine;
            if (unit >= units) continue;
            real sum = 0;
#pragma unroll
            for (int k = 0; k < GROUPS; ++k) sum += shared[s % 2][which][k][mine];
            (which ? by_offset : by_slope)[(blockIdx.y * (long long)HINGES + s) * units + unit] = sum;
        }
    }
}

// x[batch, groups, positions], slopes and offsets [HINGES, groups]: a group shares its parameters. Blocks: one for some values of a group.
KERNEL(forward_groups, (const real *x, const real *slopes, const real *offsets, real *y, int groups, int positions, long long values, long long span)) {
    const int group = blockIdx.y;
    real a[HINGES], b[HINGES];
#pragma unroll
    for (int s = 0; s < HINGES; ++s) {
        a[s] = slopes[s * (long long)groups + group];
        b[s] = offsets[s * (long long)groups + group];
    }
    const long long first = blockIdx.x * span;
    const long long last = first + span < values ? first + span : values;
    for (long long i = first + threadIdx.x; i < last; i += blockDim.x) {
        const long long at = (i / positions * groups + group) * positions + i % positions;
        const real in = x[at];
        real sum = positive(in);
#pragma unroll
        for (int s = 0; s < HINGES; ++s) sum += a[s] * positive(b[s] - in);
        y[at] = sum;
    }
}

// The sums over a block's values go to [chunk, HINGES, groups].
KERNEL(backward_groups, (const real *x, const real *slopes, const real *offsets, const real *g, real *dx, real *by_slope, real *by_offset, int groups, int positions, long long values, long long span)) {
    __shared__ real shared[BLOCK];
    const int group = blockIdx.y;
    real a[HINGES], b[HINGES], da[HINGES], open[HINGES];
#pragma unroll
    for (int s = 0; s < HINGES; ++s) {
        a[s] = slopes[s * (long long)groups + group];
        b[s] = offsets[s * (long long)groups + group];
        da[s] = open[s] = 0;
    }
    const long long first = blockIdx.x * span;
    const long long last = first + span < values ? first + span : values;
    for (long long i = first + threadIdx.x; i < last; i += blockDim.x) {
        const long long at = (i / positions * groups + group) * positions + i % positions;
        const real in = x[at], up = g[at];
        real slope = in > 0 ? 1 : 0;
#pragma unroll
        for (int s = 0; s < HINGES; ++s) {
            const real over = b[s] - in;
            if (over > 0) {
                slope -= a[s];
                da[s] += up * over;
                open[s] += up;
            }
        }
        if (dx) dx[at] = up * slope;
    }
    if (!by_slope) return;
    for (int s = 0; s < HINGES; ++s) {
        const real by_a = sum_of_block(da[s], shared), by_b = sum_of_block(open[s], shared);
        if (threadIdx.x == 0) {
            const long long to = (blockIdx.x * (long long)HINGES + s) * groups + group;
            by_slope[to] = by_a;
            by_offset[to] = a[s] * by_b;
        }
    }
}

// The sums over chunks, in order: those by slopes come before those by offsets.
KERNEL(add_chunks, (const real *parts, real *by_slope, real *by_offset, int count, int chunks)) {
    const long long i = place();
    if (i >= 2 * (long long)count) return;
    const int offset = i >= count;
    const long long mine = i - offset * (long long)count;
    const real *from = parts + offset * (long long)chunks * count + mine;
    real total = 0;
    for (int c = 0; c < chunks; ++c) total += from[c * (long long)count];
    (offset ? by_offset : by_slope)[mine] = total;
}

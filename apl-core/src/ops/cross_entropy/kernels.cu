// Losses and their gradients. One block: there are few scores. Losses are added in double, a thread's in order and the threads' as a tree; the sum of a
// batch, divided by its size, is added to `total`, so that nobody has to fetch it every step.

__device__ inline void add_to_total(double mine, double *total, int rows) {
    __shared__ double shared[BLOCK];
    const double sum = sum_of_block(mine, shared);
    if (threadIdx.x == 0 && total) *total += sum / rows;
}

// scores [rows, classes]: ln sum_k exp(x_k) - x_label, shifted by the largest; dx = (softmax(x) - onehot(label)) / rows, where asked for.
KERNEL(softmax, (const real *scores, const u32 *labels, real *dx, double *total, int rows, int classes)) {
    double mine = 0;
    const real weight = real(1) / rows;
    for (int n = threadIdx.x; n < rows; n += BLOCK) {
        const real *x = scores + n * (long long)classes;
        const int label = labels[n];
        real largest = x[0], sum = 0;
        for (int k = 1; k < classes; ++k) largest = x[k] > largest ? x[k] : largest;
        for (int k = 0; k < classes; ++k) sum += exp(x[k] - largest);
        if (dx) {
            real *to = dx + n * (long long)classes;
            for (int k = 0; k < classes; ++k) to[k] = weight * (exp(x[k] - largest) / sum - (k == label ? 1 : 0));
        }
        // No label is beyond the classes, but memory must not be read where one is.
        mine += label < classes ? double(log(sum) - (x[label] - largest)) : double(sum) * (0.0 / 0.0);
    }
    add_to_total(mine, total, rows);
}

// max(x, 0) - x t + ln(1 + exp(-|x|)) times the weight; dx = weight (p - t) / rows.
KERNEL(sigmoid, (const real *logits, const real *targets, const real *weights, real *dx, double *total, int rows)) {
    double mine = 0;
    for (int n = threadIdx.x; n < rows; n += BLOCK) {
        const real x = logits[n], t = targets[n], w = weights ? weights[n] : real(1);
        const real small = exp(x < 0 ? x : -x);
        const real p = x < 0 ? small / (1 + small) : 1 / (1 + small);
        if (dx) dx[n] = w / rows * (p - t);
        mine += double(w * (positive(x) - x * t + log1p(small)));
    }
    add_to_total(mine, total, rows);
}

// ReLU and leaky ReLU: max(0, x) + slope min(0, x), derivative slope at 0. `y` may be `x`, `dx` may be `g`.

KERNEL(forward, (const real *x, real *y, real slope, long long packs)) {
    const long long pack = place();
    if (pack >= packs) return;
    Pack values = load(x, pack);
#pragma unroll
    for (int w = 0; w < WIDTH; ++w) values.v[w] = values.v[w] <= 0 ? values.v[w] * slope : values.v[w];
    store(y, pack, values);
}

KERNEL(backward, (const real *x, const real *g, real *dx, real slope, long long packs)) {
    const long long pack = place();
    if (pack >= packs) return;
    const Pack values = load(x, pack);
    Pack up = load(g, pack);
#pragma unroll
    for (int w = 0; w < WIDTH; ++w) up.v[w] *= values.v[w] > 0 ? real(1) : slope;
    store(dx, pack, up);
}

// velocity = momentum velocity + rate (gradient + decay value); value = value - velocity.

KERNEL(step, (real *value, const real *gradient, real *velocity, real rate, real momentum, real decay, long long packs)) {
    const long long pack = place();
    if (pack >= packs) return;
    Pack w = load(value, pack), v = load(velocity, pack);
    const Pack g = load(gradient, pack);
#pragma unroll
    for (int i = 0; i < WIDTH; ++i) {
        v.v[i] = momentum * v.v[i] + rate * (g.v[i] + decay * w.v[i]);
        w.v[i] -= v.v[i];
    }
    store(velocity, pack, v);
    store(value, pack, w);
}

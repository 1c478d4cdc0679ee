// velocity = momentum velocity + rate (gradient + decay value); value = value - velocity.

__device__ inline void advance(real &value, real gradient, real &velocity, real rate, real momentum, real decay) {
    velocity = momentum * velocity + rate * (gradient + decay * value);
    value -= velocity;
}

// The numbers first to last of a parameter: packs of four, where value, gradient and velocity lie so, then what remains.
__device__ inline void move_all(real *value, const real *gradient, real *velocity, long long first, long long last, real rate, real momentum, real decay) {
    const u64 places = (u64)value | (u64)gradient | (u64)velocity;
    long long done = first;
    if (places % sizeof(Four) == 0) {
        done = first + (last - first) / 4 * 4;
#pragma unroll 2
        for (long long i = first / 4 + threadIdx.x; i < done / 4; i += BLOCK) {
            Four w = reinterpret_cast<Four *>(value)[i], v = reinterpret_cast<Four *>(velocity)[i];
            const Four g = reinterpret_cast<const Four *>(gradient)[i];
#pragma unroll
            for (int k = 0; k < 4; ++k) advance(w.v[k], g.v[k], v.v[k], rate, momentum, decay);
            reinterpret_cast<Four *>(velocity)[i] = v;
            reinterpret_cast<Four *>(value)[i] = w;
        }
    }
    for (long long i = done + threadIdx.x; i < last; i += BLOCK) {
        real w = value[i], v = velocity[i];
        advance(w, gradient[i], v, rate, momentum, decay);
        velocity[i] = v;
        value[i] = w;
    }
}

// One parameter, SPAN numbers a block.
KERNEL(step_one, (real *value, const real *gradient, real *velocity, real rate, real momentum, real decay, long long count)) {
    const long long first = blockIdx.x * (long long)SPAN;
    move_all(value, gradient, velocity, first, first + SPAN < count ? first + SPAN : count, rate, momentum, decay);
}

// A parameter that is moved: SPAN numbers by each of its blocks.
struct Slot {
    real *value;
    const real *gradient;
    real *velocity;
    long long count;
    // The first of its blocks among all.
    long long block;
    // Multipliers of its group; `decay` is the whole factor.
    double rate, decay;
};

// All parameters. The rate and the momentum are those of the dials, as two doubles behind the step, where there are any.
KERNEL(step_all, (const Slot *slots, int count, const double *dials, double rate, double momentum)) {
    // The slot of this block: the last that begins no later.
    int low = 0, high = count - 1;
    while (low < high) {
        const int middle = (low + high + 1) / 2;
        if (slots[middle].block <= blockIdx.x) low = middle; else high = middle - 1;
    }
    const Slot slot = slots[low];
    if (dials) {
        rate = dials[1];
        momentum = dials[2];
    }
    const long long first = (blockIdx.x - slot.block) * SPAN;
    const long long last = first + SPAN < slot.count ? first + SPAN : slot.count;
    move_all(slot.value, slot.gradient, slot.velocity, first, last, real(rate * slot.rate), real(momentum), real(slot.decay));
}

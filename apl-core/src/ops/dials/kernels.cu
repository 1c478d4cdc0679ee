// What changes from step to step.

KERNEL(set, (u32 *words, u32 step_low, u32 step_high, u32 rate_low, u32 rate_high, u32 momentum_low, u32 momentum_high)) {
    words[0] = step_low;
    words[1] = step_high;
    words[2] = rate_low;
    words[3] = rate_high;
    words[4] = momentum_low;
    words[5] = momentum_high;
}

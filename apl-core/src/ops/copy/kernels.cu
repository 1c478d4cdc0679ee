KERNEL(copy, (const real *from, real *to, long long packs)) {
    const long long pack = place();
    if (pack < packs) store(to, pack, load(from, pack));
}

//! The sorted form: between two neighbouring offsets `h` is affine, so that a value needs its segment and two numbers of it, not every hinge.
//!
//! With the offsets in descending order and `k` of them above `x`, `h(x) = max(0, x) + C_k - A_k x`, where `A_k` sums the first `k` slopes `a` and `C_k`
//! the first `k` products `a b`. The gradients of hinge `r` are sums over the values of rank above `r`: sums by rank first, then over the ranks.

use pulp::Simd;

use super::{
    rank::Rank,
    tile::{LANES, Part},
};

/// Lengths of the tables: two and four AVX-512 registers of f32, and what else is worth a search.
const NARROW: usize = 2 * LANES;
const MIDDLE: usize = 4 * LANES;
const WIDE: usize = 16 * LANES;
/// Values whose terms are found before they are added: vectors first, then one by one.
const CHUNK: usize = 16 * LANES;
/// Hinges at most.
pub const MOST: usize = WIDE;

/// The segments of one function.
pub struct Segments<'a, T> {
    /// `[b, a, s]` of every hinge `s`, the largest `b` first.
    sorted: &'a [[T; 3]],
    /// The sorted offsets, filled up with what lies above nothing.
    offsets: &'a [T],
    /// `A_k` at `k - 1`.
    slopes: &'a [T],
    /// `C_k` at `k - 1`.
    levels: &'a [T],
}

impl<'a, T: Rank> Segments<'a, T> {
    /// Numbers that [`Segments::new`] needs room for.
    pub fn room(hinges: usize) -> usize {
        3 * hinges + 3 * Self::width(hinges)
    }

    /// Entries of a table.
    fn width(hinges: usize) -> usize {
        [NARROW, MIDDLE].into_iter().find(|&width| hinges <= width).unwrap_or(WIDE)
    }

    /// Sorts the hinges, given as `(slope, offset)`.
    pub fn new(hinges: usize, hinge: impl Fn(usize) -> (T, T), room: &'a mut [T]) -> Self {
        let (tables, sorted) = room.split_at_mut(3 * Self::width(hinges));
        let sorted = sorted[..3 * hinges].as_chunks_mut().0;
        for (s, triple) in sorted.iter_mut().enumerate() {
            let (a, b) = hinge(s);
            *triple = [b, a, T::of(s as f64)];
        }
        // Equal offsets keep their order.
        sorted.sort_unstable_by(|[p, _, s], [q, _, t]| {
            let offset = q.to_f64().total_cmp(&p.to_f64());
            offset.then(s.to_f64().total_cmp(&t.to_f64()))
        });
        let (offsets, rest) = tables.split_at_mut(Self::width(hinges));
        let (slopes, levels) = rest.split_at_mut(Self::width(hinges));
        offsets.fill(T::of(f64::NEG_INFINITY));
        let (mut slope, mut level) = (T::ZERO, T::ZERO);
        for (r, &[b, a, _]) in sorted.iter().enumerate() {
            slope += a;
            level += a * b;
            (offsets[r], slopes[r], levels[r]) = (b, slope, level);
        }
        slopes[hinges..].fill(slope);
        levels[hinges..].fill(level);
        Self { sorted, offsets, slopes, levels }
    }

    /// `h` of every value.
    #[inline(always)]
    pub fn forward<S: Simd>(&self, simd: S, x: &[T], y: &mut [T]) {
        match self.offsets.len() {
            NARROW => self.forward_run::<S, NARROW>(simd, x, y),
            MIDDLE => self.forward_run::<S, MIDDLE>(simd, x, y),
            _ => self.forward_run::<S, WIDE>(simd, x, y),
        }
    }

    #[inline(always)]
    fn forward_run<S: Simd, const W: usize>(&self, simd: S, x: &[T], y: &mut [T]) {
        let Some(tables) = self.tables::<W>() else { return };
        for (x, y) in x.chunks(LANES).zip(y.chunks_mut(LANES)) {
            match (x.try_into(), <&mut [T; LANES]>::try_from(&mut *y)) {
                (Ok(x), Ok(y)) => tables.values(simd, x, y),
                _ => {
                    let mut lanes = [T::ZERO; LANES];
                    tables.values(simd, &filled(x), &mut lanes);
                    y.copy_from_slice(&lanes[..y.len()]);
                }
            }
        }
    }

    /// Writes `dx`; adds `g` and `g x` to the `sums` of the value's rank and lane, where there are any.
    #[inline(always)]
    pub fn backward<S: Simd>(
        &self,
        simd: S,
        x: &[T],
        g: &[T],
        dx: Option<&mut [T]>,
        sums: &mut RankSums<T>,
    ) {
        match self.offsets.len() {
            NARROW => self.backward_run::<S, NARROW>(simd, x, g, dx, sums),
            MIDDLE => self.backward_run::<S, MIDDLE>(simd, x, g, dx, sums),
            _ => self.backward_run::<S, WIDE>(simd, x, g, dx, sums),
        }
    }

    #[inline(always)]
    fn backward_run<S: Simd, const W: usize>(
        &self,
        simd: S,
        x: &[T],
        g: &[T],
        mut dx: Option<&mut [T]>,
        sums: &mut RankSums<T>,
    ) {
        let Some(tables) = self.tables::<W>() else { return };
        let mut terms = ([[T::ZERO; 2]; CHUNK], [0u32; CHUNK]);
        for (i, (x, g)) in x.chunks(CHUNK).zip(g.chunks(CHUNK)).enumerate() {
            let places = terms.0.as_chunks_mut().0.iter_mut().zip(terms.1.as_chunks_mut().0);
            let chunk = x.chunks(LANES).zip(g.chunks(LANES)).zip(places);
            for (k, ((x, g), terms)) in chunk.enumerate() {
                let gradients = match (x.try_into(), g.try_into()) {
                    (Ok(x), Ok(g)) => tables.gradients(simd, x, g, terms, sums),
                    _ => tables.gradients(simd, &filled(x), &filled(g), terms, sums),
                };
                let Some(dx) = &mut dx else { continue };
                let place = &mut dx[i * CHUNK + k * LANES..][..x.len()];
                match <&mut [T; LANES]>::try_from(&mut *place) {
                    Ok(place) => *place = gradients,
                    Err(_) => place.copy_from_slice(&gradients[..place.len()]),
                }
            }
            sums.add(&terms.0[..x.len()], &terms.1[..x.len()]);
        }
    }

    fn tables<const W: usize>(&self) -> Option<Tables<'_, T, W>> {
        let (offsets, slopes) = (self.offsets.try_into().ok()?, self.slopes.try_into().ok()?);
        Some(Tables { offsets, slopes, levels: self.levels.try_into().ok()? })
    }

    /// Writes `[da, sum of g over x < b]` of every hinge into `out`.
    pub fn finish(&self, sums: &RankSums<T>, out: &mut [T]) {
        if sums.by_rank.is_empty() {
            return;
        }
        // A value that is no number has no rank, but has to show.
        let strange = sums.strange.iter().fold(T::ZERO, |sum, &lane| sum + lane);
        let (mut all_g, mut all_gx) = (T::ZERO, strange);
        for (r, &[b, _, s]) in self.sorted.iter().enumerate().rev() {
            for [g, gx] in sums.of(r + 1) {
                all_g += *g;
                all_gx += *gx;
            }
            let place = 2 * s.to_f64() as usize;
            (out[place], out[place + 1]) = (b * all_g - all_gx, all_g);
        }
    }
}

/// Sums of `[g, g x]` for every rank and lane.
pub struct RankSums<'a, T> {
    by_rank: &'a mut [[T; 2]],
    /// 0, or NaN where a value was none.
    strange: [T; LANES],
}

impl<'a, T: Rank> RankSums<'a, T> {
    /// Numbers that [`RankSums::new`] needs room for.
    pub fn room(hinges: usize) -> usize {
        (hinges + 1) * LANES * 2
    }

    /// All 0; with no room, nothing is summed.
    pub fn new(room: &'a mut [T]) -> Self {
        room.fill(T::ZERO);
        Self { by_rank: room.as_chunks_mut().0, strange: [T::ZERO; LANES] }
    }

    fn of(&self, rank: usize) -> &[[T; 2]] {
        &self.by_rank[rank * LANES..][..LANES]
    }

    /// Terms of one place are added in their order.
    #[inline(always)]
    fn add(&mut self, terms: &[[T; 2]], places: &[u32]) {
        let by_rank = &mut *self.by_rank;
        if by_rank.is_empty() {
            return;
        }
        for (term, &place) in terms.iter().zip(places) {
            let sums = &mut by_rank[place as usize];
            *sums = [sums[0] + term[0], sums[1] + term[1]];
        }
    }
}

/// The tables of a known length.
struct Tables<'a, T, const W: usize> {
    offsets: &'a [T; W],
    slopes: &'a [T; W],
    levels: &'a [T; W],
}

impl<T: Rank, const W: usize> Tables<'_, T, W> {
    #[inline(always)]
    fn values<S: Simd>(&self, simd: S, x: &[T; LANES], y: &mut [T; LANES]) {
        let ranks = T::ranks(simd, self.offsets, x);
        let slopes = T::entries(simd, self.slopes, &ranks);
        let levels = T::entries(simd, self.levels, &ranks);
        // Above all offsets the slope is 0, and infinity must not meet it.
        let top = T::splat(simd, self.offsets[0]);
        for Part { part, .. } in Part::all::<T, S>() {
            let x = T::load(simd, x, part);
            let clipped = T::where_less(simd, x, top, x, top);
            let fall = T::times(simd, T::load(simd, &slopes, part), clipped);
            let hinges = T::minus(simd, T::load(simd, &levels, part), fall);
            T::store(simd, y, part, T::plus(simd, T::positive(simd, x), hinges));
        }
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        &self,
        simd: S,
        x: &[T; LANES],
        g: &[T; LANES],
        (terms, places): (&mut [[T; 2]; LANES], &mut [u32; LANES]),
        sums: &mut RankSums<T>,
    ) -> [T; LANES] {
        let ranks = T::ranks(simd, self.offsets, x);
        let slopes = T::entries(simd, self.slopes, &ranks);
        let (mut dx, mut products) = ([T::ZERO; LANES], [T::ZERO; LANES]);
        for Part { part, .. } in Part::all::<T, S>() {
            let (x, g) = (T::load(simd, x, part), T::load(simd, g, part));
            let positive = T::gate(simd, x, T::splat(simd, T::ONE));
            let slope = T::minus(simd, positive, T::load(simd, &slopes, part));
            T::store(simd, &mut dx, part, T::times(simd, g, slope));
            T::store(simd, &mut products, part, T::times(simd, g, x));
            let strange = T::load(simd, &sums.strange, part);
            T::store(simd, &mut sums.strange, part, T::where_at_most(simd, x, x, strange, x));
        }
        for i in 0..LANES {
            terms[i] = [g[i], products[i]];
            places[i] = ranks[i] * LANES as u32 + i as u32;
        }
        dx
    }
}

/// Values, and 0 up to a whole number of lanes.
#[inline(always)]
fn filled<T: Rank>(values: &[T]) -> [T; LANES] {
    let mut lanes = [T::ZERO; LANES];
    lanes[..values.len()].copy_from_slice(values);
    lanes
}

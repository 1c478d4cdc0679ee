//! How a boson decays to two taus, and each tau to an electron or a muon and two neutrinos.

use apl_core::random::Stream;

use super::{
    production::azimuth,
    vector::{FourVector, direction},
};

/// The tau's mass, GeV.
pub const TAU: f64 = 1.776_93;
/// The electron's mass, GeV.
pub const ELECTRON: f64 = 0.000_510_999;
/// The muon's mass, GeV.
pub const MUON: f64 = 0.105_658_4;

/// The mean polarisation of taus from Z decays.
const Z_POLARISATION: f64 = -0.15;

/// Which boson decays: what decides on angles and spins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boson {
    /// Spin 0: uniform in angle, both taus of one helicity.
    Higgs,
    /// Spin 1: `1 + cos^2` to the beam, taus of opposite helicities.
    Z,
}

/// A tau and the charged lepton it decays to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TauDecay {
    /// The tau.
    pub tau: FourVector,
    /// The lepton.
    pub lepton: FourVector,
    /// The lepton's mass: [`ELECTRON`] or [`MUON`].
    pub lepton_mass: f64,
}

impl TauDecay {
    /// What both neutrinos carry away.
    pub fn neutrinos(&self) -> FourVector {
        self.tau - self.lepton
    }

    /// The two neutrinos: a pair of this momentum, uniform in angle in its own rest frame.
    pub fn split_neutrinos(&self, random: &mut Stream) -> [FourVector; 2] {
        let pair = self.neutrinos();
        let mass = pair.mass();
        let cosine = 2.0 * random.uniform() - 1.0;
        let way = direction([0.0, 0.0, 1.0], cosine, azimuth(random));
        let half = FourVector { e: 0.5 * mass, p: way.map(|x| 0.5 * mass * x) };
        // Without a mass of their own, both fly the same way.
        let one = if mass > 0.0 { half.boosted(&pair, mass) } else { pair.scaled(0.5) };
        [one, pair - one]
    }
}

/// The two taus of a boson of this mass and momentum, and what each decays to.
///
/// With polarisation `P` along its flight, a tau gives a lepton of energy `x` (of the largest one possible) at the angle `theta` to its flight, seen in
/// its rest frame, by `x^2 [(3 - 2x) + P cos(theta) (1 - 2x)]` (V - A, leptons without mass); over all angles that is Michel's `2 x^2 (3 - 2x)`. The
/// positive tau's polarisation counts with the other sign.
pub fn decay(boson: Boson, momentum: &FourVector, mass: f64, random: &mut Stream) -> [TauDecay; 2] {
    let cosine = match boson {
        Boson::Higgs => 2.0 * random.uniform() - 1.0,
        Boson::Z => loop {
            let cosine = 2.0 * random.uniform() - 1.0;
            if 2.0 * random.uniform() < 1.0 + cosine * cosine {
                break cosine;
            }
        },
    };
    let way = direction([0.0, 0.0, 1.0], cosine, azimuth(random));
    let share = match boson {
        Boson::Higgs => 0.5,
        Boson::Z => 0.5 * (1.0 + Z_POLARISATION),
    };
    let first = if random.uniform() < share { 1.0 } else { -1.0 };
    let second = match boson {
        Boson::Higgs => -first,
        Boson::Z => first,
    };
    let (e, p) = (0.5 * mass, (0.25 * mass * mass - TAU * TAU).max(0.0).sqrt());
    [(way, first), (way.map(|x| -x), second)].map(|(way, polarisation)| {
        let (lepton, lepton_mass) = tau_decay(way, polarisation, random);
        let tau = FourVector { e, p: way.map(|x| x * p) };
        let lepton = lepton.boosted(&tau, TAU).boosted(momentum, mass);
        TauDecay { tau: tau.boosted(momentum, mass), lepton, lepton_mass }
    })
}

/// A lepton in the rest frame of its tau, and its mass. `way` is the tau's flight.
pub(super) fn tau_decay(
    way: [f64; 3],
    polarisation: f64,
    random: &mut Stream,
) -> (FourVector, f64) {
    let mass = if random.uniform() < 0.5 { ELECTRON } else { MUON };
    let largest = (TAU * TAU + mass * mass) / (2.0 * TAU);
    let x = loop {
        let x = michel(random);
        if x * largest >= mass {
            break x;
        }
    };
    let k = polarisation * (1.0 - 2.0 * x) / (3.0 - 2.0 * x);
    let cosine = tilted(k, random.uniform());
    let e = x * largest;
    let p = ((e - mass) * (e + mass)).sqrt();
    let way = direction(way, cosine, azimuth(random));
    (FourVector { e, p: way.map(|x| x * p) }, mass)
}

/// From `2 x^2 (3 - 2x)` on `[0, 1]`: two thirds of it are the largest of three uniform numbers, `3 x^2`, one third the second largest of four,
/// `12 x^2 (1 - x)`.
fn michel(random: &mut Stream) -> f64 {
    let mut largest = [0.0f64; 2];
    let mut add = |x: f64| {
        if x > largest[0] {
            largest = [x, largest[0]];
        } else if x > largest[1] {
            largest[1] = x;
        }
    };
    (0..3).for_each(|_| add(random.uniform()));
    if random.below(3) < 2 {
        return largest[0];
    }
    add(random.uniform());
    largest[1]
}

/// From `(1 + k c) / 2` on `[-1, 1]`, `|k| <= 1`, given a uniform number: the root of its distribution function.
fn tilted(k: f64, uniform: f64) -> f64 {
    let above = 4.0 * uniform - 2.0 + k;
    (above / (1.0 + (1.0 + k * above).max(0.0).sqrt())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use apl_core::random::{Purpose, Streams};

    use super::*;

    fn random() -> Stream {
        Streams::new(3).stream(Purpose::Data, 1, 1)
    }

    /// The greatest distance between the share of numbers below x and what it should be.
    fn distance(mut numbers: Vec<f64>, expected: impl Fn(f64) -> f64) -> f64 {
        numbers.sort_by(f64::total_cmp);
        let n = numbers.len() as f64;
        let apart = numbers.iter().enumerate().map(|(i, &x)| {
            let expected = expected(x);
            (expected - i as f64 / n).abs().max((expected - (i + 1) as f64 / n).abs())
        });
        apart.fold(0.0, f64::max)
    }

    /// Kolmogorov's limit at a probability of 1e-4.
    fn limit(n: usize) -> f64 {
        2.23 / (n as f64).sqrt()
    }

    #[test]
    fn the_lepton_has_michels_spectrum_in_the_tau_frame() {
        let mut random = random();
        let n = 100_000;
        let way = [0.0, 0.6, 0.8];
        let largest = (TAU * TAU + ELECTRON * ELECTRON) / (2.0 * TAU);
        let mut x = Vec::new();
        while x.len() < n {
            let (lepton, mass) = tau_decay(way, 0.0, &mut random);
            if mass == ELECTRON {
                x.push(lepton.e / largest);
            }
        }
        let found = distance(x, |x| x * x * x * (2.0 - x));
        assert!(found < limit(n), "{found}");
    }

    /// Tsai 1971, in the limit of fast taus: `z` is the lepton's share of the tau's energy in the laboratory.
    #[test]
    fn polarisation_makes_leptons_harder_or_softer() {
        let mut random = random();
        let tau = FourVector::on_shell(TAU, [0.0, 0.0, 5000.0]);
        for polarisation in [-1.0, 1.0, 0.3] {
            let mut shares = Vec::new();
            while shares.len() < 50_000 {
                let along = if random.uniform() < 0.5 * (1.0 + polarisation) { 1.0 } else { -1.0 };
                let (lepton, mass) = tau_decay([0.0, 0.0, 1.0], along, &mut random);
                if mass == ELECTRON {
                    shares.push(lepton.boosted(&tau, TAU).e / tau.e);
                }
            }
            // The integral of [5 - 9 z^2 + 4 z^3 + P (1 - 9 z^2 + 8 z^3)] / 3.
            let below = |z: f64| {
                let plain = 5.0 * z - 3.0 * z.powi(3) + z.powi(4);
                (plain + polarisation * (z - 3.0 * z.powi(3) + 2.0 * z.powi(4))) / 3.0
            };
            let found = distance(shares, below);
            assert!(found < limit(50_000), "{polarisation}: {found}");
        }
    }

    #[test]
    fn a_tilted_number_has_its_distribution() {
        let mut random = random();
        for k in [-1.0, -0.4, 0.0, 1e-9, 1.0] {
            let numbers: Vec<f64> = (0..50_000).map(|_| tilted(k, random.uniform())).collect();
            let found = distance(numbers, |c| 0.5 * (c + 1.0) + 0.25 * k * (c * c - 1.0));
            assert!(found < limit(50_000), "{k}: {found}");
        }
        assert_eq!((tilted(1.0, 0.0), tilted(-1.0, 0.0)), (-1.0, -1.0));
    }

    #[test]
    fn angles_to_the_beam_follow_the_spin() {
        let mut random = random();
        for (boson, expected) in [
            (Boson::Higgs, (|c| 0.5 * (c + 1.0)) as fn(f64) -> f64),
            (Boson::Z, |c| (3.0 * c + c * c * c + 4.0) / 8.0),
        ] {
            let rest = FourVector { e: 91.0, p: [0.0; 3] };
            let cosines = (0..50_000).map(|_| {
                let [one, _] = decay(boson, &rest, 91.0, &mut random);
                one.tau.p[2] / (0.25 * 91.0 * 91.0 - TAU * TAU).sqrt()
            });
            let found = distance(cosines.collect(), expected);
            assert!(found < limit(50_000), "{boson:?}: {found}");
        }
    }

    /// Taus of a Z are hard or soft together, those of a Higgs one hard and one soft.
    #[test]
    fn the_spins_of_both_taus_hang_together() {
        let mut random = random();
        let n = 100_000;
        let mut covariance = |boson| {
            let rest = FourVector { e: 1000.0, p: [0.0; 3] };
            let pairs: Vec<[f64; 2]> = (0..n)
                .map(|_| decay(boson, &rest, 1000.0, &mut random).map(|d| d.lepton.e / d.tau.e))
                .collect();
            let mean = |i: usize| pairs.iter().map(|pair| pair[i]).sum::<f64>() / n as f64;
            let means = [mean(0), mean(1)];
            pairs.iter().map(|p| (p[0] - means[0]) * (p[1] - means[1])).sum::<f64>() / n as f64
        };
        // The mean share is 7/20 - P/20: a covariance of (1/20)^2 either way, less the square of the mean polarisation.
        let (z, higgs) = (covariance(Boson::Z), covariance(Boson::Higgs));
        let z_expected = 0.0025 * (1.0 - Z_POLARISATION * Z_POLARISATION);
        assert!((z - z_expected).abs() < 6e-4 && (higgs + 0.0025).abs() < 6e-4, "{z} {higgs}");
    }
}

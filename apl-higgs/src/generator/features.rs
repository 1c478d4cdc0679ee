//! The 25 numbers of an event: ten measured, fifteen computed from them.

use super::{
    detector::Seen,
    vector::{FourVector, azimuth, cross, length},
};
use crate::network::FEATURES;

/// Names of the features, in order.
///
/// All azimuths are relative to the harder lepton, so that turning an event around the beam changes nothing. Momenta and masses are in GeV.
///
/// | feature | what |
/// |---|---|
/// | `lepton1_pt`, `lepton1_eta` | the harder lepton |
/// | `lepton2_pt`, `lepton2_eta`, `lepton2_phi` | the other one |
/// | `missing_pt`, `missing_phi` | the missing transverse momentum |
/// | `jets` | how many jets there are |
/// | `jet1_pt` | the hardest jet's transverse momentum; 0 without jets |
/// | `jets_pt` | the size of the sum of the jets' transverse momenta |
/// | `axial_missing` | the missing momentum along the lepton pair, times its transverse momentum: `p_miss . p_ll`, GeV^2 (Baldi et al. 2015) |
/// | `scalar_sum` | the sum of all transverse momenta, the missing one too (Baldi et al. 2015) |
/// | `relative_missing` | `missing_pt`, times the sine of its angle to the nearest lepton or jet where that is below 90 degrees (Baldi et al. 2015) |
/// | `delta_phi`, `delta_eta`, `delta_r` | the angles between the leptons, sizes (Baldi et al. 2015) |
/// | `mass_ll` | the mass of the lepton pair (Baldi et al. 2015) |
/// | `mass_collinear` | the mass of the tau pair if neutrinos fly as their leptons do; missing where that leaves a lepton less than a tenth of its tau's momentum, or more than all of it. It stands in for the missing-mass calculator's m_MMC of Baldi et al. |
/// | `sphericity` | `3/2 (l2 + l3)` of the eigenvalues of the normalised momentum tensor of all visible objects (Baldi et al. 2015) |
/// | `transverse_sphericity` | `2 l2 / (l1 + l2)` of its transverse part (Baldi et al. 2015) |
/// | `mass_visible` | the mass of all visible objects (Baldi et al. 2015) |
/// | `pt_ll` | the transverse momentum of the lepton pair (ours) |
/// | `pt_tautau` | that of leptons and missing momentum together (ours) |
/// | `mass_transverse` | the transverse mass of lepton pair and missing momentum (ours) |
/// | `missing_centrality` | `(a + b) / sqrt(a^2 + b^2)` of the missing momentum's coordinates `a`, `b` between the leptons: sqrt 2 in the middle (ours, after ATLAS) |
pub const NAMES: [&str; FEATURES] = [
    "lepton1_pt",
    "lepton1_eta",
    "lepton2_pt",
    "lepton2_eta",
    "lepton2_phi",
    "missing_pt",
    "missing_phi",
    "jets",
    "jet1_pt",
    "jets_pt",
    "axial_missing",
    "scalar_sum",
    "relative_missing",
    "delta_phi",
    "delta_eta",
    "delta_r",
    "mass_ll",
    "mass_collinear",
    "sphericity",
    "transverse_sphericity",
    "mass_visible",
    "pt_ll",
    "pt_tautau",
    "mass_transverse",
    "missing_centrality",
];

/// The features of an event; NaN where one is missing.
pub fn features(seen: &Seen) -> [f32; FEATURES] {
    let [one, other] = &seen.leptons;
    let (first, second, missing) = (one.transverse(), other.transverse(), seen.missing);
    let [pt1, pt2, lost] = [first, second, missing].map(length);
    let (eta1, eta2) = (one.eta(), other.eta());
    let phi2 = azimuth(first, second);
    let jets = seen.jets.list();
    let pts = jets.iter().map(FourVector::pt);
    let visible = || seen.leptons.iter().chain(jets);
    let jet_sum = sum(jets.iter());
    let pair = *one + *other;
    let whole = sum(visible());
    let pair_pt = pair.transverse();
    let nearest = visible()
        .map(|particle| azimuth(particle.transverse(), missing).abs())
        .fold(std::f64::consts::PI, f64::min);
    let delta_eta = (eta1 - eta2).abs();
    let mass = pair.mass();
    let tautau = [pair_pt[0] + missing[0], pair_pt[1] + missing[1]];
    let pair_size = length(pair_pt);
    let pair_energy = (mass * mass + pair_size * pair_size).sqrt();
    let across = (pair_energy + lost).powi(2) - length(tautau).powi(2);
    let [sphericity, transverse_sphericity] = sphericities(visible());
    [
        pt1,
        eta1,
        pt2,
        eta2,
        phi2,
        lost,
        azimuth(first, missing),
        jets.len() as f64,
        pts.clone().next().unwrap_or(0.0),
        jet_sum.pt(),
        missing[0] * pair_pt[0] + missing[1] * pair_pt[1],
        pt1 + pt2 + lost + pts.sum::<f64>(),
        if nearest < std::f64::consts::FRAC_PI_2 { lost * libm::sin(nearest) } else { lost },
        phi2.abs(),
        delta_eta,
        libm::hypot(phi2, delta_eta),
        mass,
        collinear(mass, first, second, missing).unwrap_or(f64::NAN),
        sphericity,
        transverse_sphericity,
        whole.mass(),
        pair_size,
        length(tautau),
        across.max(0.0).sqrt(),
        centrality(first, second, missing),
    ]
    .map(|value| value as f32)
}

fn sum<'a>(particles: impl Iterator<Item = &'a FourVector>) -> FourVector {
    particles.fold(FourVector::default(), |sum, particle| sum + *particle)
}

/// The least share of its tau's momentum that a lepton is believed to have.
const LEAST_SHARE: f64 = 0.1;

/// `m_ll sqrt((1 + r1) (1 + r2))` with the missing momentum taken apart as `r1 p1 + r2 p2`, so that a lepton has the share `1 / (1 + r)` of its tau
/// (Ellis et al. 1988).
fn collinear(mass: f64, first: [f64; 2], second: [f64; 2], missing: [f64; 2]) -> Option<f64> {
    let area = cross(first, second);
    let (r1, r2) = (cross(missing, second) / area, cross(first, missing) / area);
    let believed = |r: f64| r > 0.0 && 1.0 + r < 1.0 / LEAST_SHARE;
    (believed(r1) && believed(r2)).then(|| mass * ((1.0 + r1) * (1.0 + r2)).sqrt())
}

/// Where the missing momentum points between the leptons' directions.
fn centrality(first: [f64; 2], second: [f64; 2], missing: [f64; 2]) -> f64 {
    let (a, b) = (cross(missing, second), cross(first, missing));
    let (a, b) = (a / length(second), b / length(first));
    let side = cross(first, second).signum();
    let size = libm::hypot(a, b);
    if size > 0.0 { side * (a + b) / size } else { 0.0 }
}

/// Sphericity and transverse sphericity of particles, from the eigenvalues of `sum p_i p_j / sum p^2`.
fn sphericities<'a>(particles: impl Iterator<Item = &'a FourVector>) -> [f64; 2] {
    let [mut xx, mut yy, mut zz, mut xy, mut xz, mut yz] = [0.0; 6];
    for FourVector { p: [x, y, z], .. } in particles {
        (xx, yy, zz) = (xx + x * x, yy + y * y, zz + z * z);
        (xy, xz, yz) = (xy + x * y, xz + x * z, yz + y * z);
    }
    let trace = xx + yy + zz;
    let largest = largest_eigenvalue([xx, yy, zz], [xy, xz, yz]);
    let plane = xx + yy;
    let apart = libm::hypot(xx - yy, 2.0 * xy);
    [1.5 * (1.0 - largest / trace).clamp(0.0, 2.0 / 3.0), (1.0 - apart / plane).clamp(0.0, 1.0)]
}

/// The largest eigenvalue of a symmetric matrix, from its diagonal and (xy, xz, yz) (Smith 1961).
fn largest_eigenvalue(diagonal: [f64; 3], beside: [f64; 3]) -> f64 {
    let mean = (diagonal[0] + diagonal[1] + diagonal[2]) / 3.0;
    let [a, b, c] = diagonal.map(|x| x - mean);
    let [xy, xz, yz] = beside;
    let spread = (a * a + b * b + c * c + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0;
    let size = spread.sqrt();
    if size == 0.0 {
        return mean;
    }
    let determinant = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz);
    let cosine = (0.5 * determinant / (size * spread)).clamp(-1.0, 1.0);
    mean + 2.0 * size * libm::cos(libm::acos(cosine) / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn turning_an_event_around_the_beam_changes_nothing() {
        let generator = Generator::new(5);
        for index in 0..500 {
            let seen = generator.event(index).seen;
            let (before, after) = (features(&seen), features(&seen.turned(2.3)));
            for (name, (before, after)) in NAMES.iter().zip(before.iter().zip(&after)) {
                let close = (before - after).abs() <= 2e-4 * (1.0 + before.abs());
                assert!(close || (before.is_nan() && after.is_nan()), "{name}: {before} {after}");
            }
        }
    }

    /// Two leptons of 30 and 20 GeV at right angles, the missing momentum between them; all values by hand.
    #[test]
    fn an_event_by_hand() {
        let leptons = [
            FourVector::from_pt_eta_phi(0.0, 30.0, 0.0, 0.0),
            FourVector::from_pt_eta_phi(0.0, 20.0, 0.0, std::f64::consts::FRAC_PI_2),
        ];
        let seen = Seen { leptons, jets: Default::default(), missing: [30.0, 40.0] };
        let found = features(&seen);
        let feature = |name: &str| found[NAMES.iter().position(|known| *known == name).unwrap()];
        let close = |name, expected: f64| {
            let found = f64::from(feature(name));
            assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{name}: {found}");
        };
        close("lepton2_phi", std::f64::consts::FRAC_PI_2);
        close("missing_pt", 50.0);
        close("missing_phi", libm::atan2(40.0, 30.0));
        close("axial_missing", 30.0 * 30.0 + 40.0 * 20.0);
        close("scalar_sum", 100.0);
        // 36.87 degrees from the second lepton.
        close("relative_missing", 50.0 * 0.6);
        close("delta_r", std::f64::consts::FRAC_PI_2);
        let mass = (2.0f64 * 30.0 * 20.0).sqrt();
        close("mass_ll", mass);
        // r1 = 1, r2 = 2.
        close("mass_collinear", mass * 6.0f64.sqrt());
        close("sphericity", 1.5 * 400.0 / 1300.0);
        close("transverse_sphericity", 2.0 * 400.0 / 1300.0);
        close("mass_visible", mass);
        close("pt_ll", 1300.0f64.sqrt());
        close("pt_tautau", 60.0 * 2.0f64.sqrt());
        close("mass_transverse", ((50.0f64 + 50.0).powi(2) - 7200.0).sqrt());
        close("missing_centrality", 1.4);
        assert_eq!((feature("jets"), feature("jet1_pt"), feature("jets_pt")), (0.0, 0.0, 0.0));
        let away = Seen { missing: [-30.0, 40.0], ..seen };
        assert!(features(&away)[17].is_nan());
    }

    #[test]
    fn eigenvalues_are_those_of_known_matrices() {
        assert!((largest_eigenvalue([3.0, 1.0, 2.0], [0.0; 3]) - 3.0).abs() < 1e-12);
        assert!((largest_eigenvalue([2.0, 2.0, 5.0], [1.0, 0.0, 0.0]) - 5.0).abs() < 1e-12);
        // [[2, -1, 0], [-1, 2, -1], [0, -1, 2]] has 2 + sqrt 2.
        let found = largest_eigenvalue([2.0; 3], [-1.0, 0.0, -1.0]);
        assert!((found - 2.0 - 2.0f64.sqrt()).abs() < 1e-12, "{found}");
        assert_eq!(largest_eigenvalue([4.0; 3], [0.0; 3]), 4.0);
    }
}

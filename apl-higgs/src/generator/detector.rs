//! What a detector sees of an event, and which events are kept.

use apl_core::random::Stream;

use super::{
    decay::{ELECTRON, TauDecay},
    production::{JET_PT, Jets, Production},
    vector::{FourVector, turned},
};

/// The least transverse momenta of the two leptons, GeV.
pub const LEPTON_PT: [f64; 2] = [17.0, 10.0];
/// The largest pseudorapidity of a lepton, either way.
pub const LEPTON_ETA: f64 = 2.5;

/// Deviation of each component of the missing momentum from what hides in noise and soft particles, GeV.
const MISSING_NOISE: f64 = 9.0;
/// The share of soft particles that is seen.
const SOFT_SEEN: f64 = 0.7;

/// What is measured of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The leptons, the harder one (by transverse momentum) first.
    pub leptons: [FourVector; 2],
    /// The jets, hardest first.
    pub jets: Jets,
    /// The missing transverse momentum: what would balance everything seen.
    pub missing: [f64; 2],
}

impl Seen {
    /// The same event, turned around the beam.
    pub fn turned(&self, angle: f64) -> Self {
        let mut other = *self;
        other.leptons.iter_mut().for_each(|lepton| *lepton = lepton.turned(angle));
        other.jets.list_mut().iter_mut().for_each(|jet| *jet = jet.turned(angle));
        other.missing = turned(self.missing, angle);
        other
    }
}

/// Measures the leptons; `None` where one is too soft or too far forward, so that the event is not kept.
///
/// Resolutions of the transverse momentum: `10 % / sqrt(E) + 1 %` for electrons, `1 % + 0.02 % pT` for muons, added in squares. Directions are exact.
pub fn leptons(decays: &[TauDecay; 2], random: &mut Stream) -> Option<[FourVector; 2]> {
    // No resolution brings back what is this far below.
    let hopeless = |decay: &TauDecay| decay.lepton.pt() < 0.5 * LEPTON_PT[1];
    if decays.iter().any(hopeless) {
        return None;
    }
    let mut seen = decays.each_ref().map(|TauDecay { lepton, lepton_mass, .. }| {
        let relative = if *lepton_mass == ELECTRON {
            libm::hypot(0.1 / lepton.e.sqrt(), 0.01)
        } else {
            libm::hypot(0.01, 2e-4 * lepton.pt())
        };
        smeared(lepton, relative, random)
    });
    let hardest = seen.each_ref().map(FourVector::pt);
    if hardest[1] > hardest[0] {
        seen.swap(0, 1);
    }
    let hard = hardest[0].max(hardest[1]) >= LEPTON_PT[0];
    let both = hardest[0].min(hardest[1]) >= LEPTON_PT[1];
    let central = || seen.iter().all(|lepton| lepton.eta().abs() <= LEPTON_ETA);
    (hard && both && central()).then_some(seen)
}

/// Measures everything else.
///
/// Jets have a resolution of `80 % / sqrt(E) + 5 %`; one that falls below the threshold counts among the soft particles, of which a share is seen, with
/// noise. The missing momentum balances what was measured: neutrinos, mismeasured jets and noise together.
pub fn measure(leptons: [FourVector; 2], production: &Production, random: &mut Stream) -> Seen {
    let mut soft = production.soft.map(|p| SOFT_SEEN * p);
    let mut jets = Jets::default();
    for jet in production.jets.list() {
        let jet = smeared(jet, libm::hypot(0.8 / jet.e.sqrt(), 0.05), random);
        if jet.pt() >= JET_PT {
            jets.push(jet);
        } else {
            soft = [0, 1].map(|i| soft[i] + SOFT_SEEN * jet.p[i]);
        }
    }
    jets.list_mut().sort_by(|one, other| other.pt().total_cmp(&one.pt()));
    let seen = leptons.iter().chain(jets.list());
    let missing = [0, 1].map(|i| {
        let noise = MISSING_NOISE * random.normal();
        -(seen.clone().map(|particle| particle.p[i]).sum::<f64>() + soft[i] + noise)
    });
    Seen { leptons, jets, missing }
}

/// A particle whose momentum is measured with this relative deviation.
fn smeared(particle: &FourVector, relative: f64, random: &mut Stream) -> FourVector {
    particle.scaled((1.0 + relative * random.normal()).max(0.05))
}

//! How a boson is made: its mass, its motion, and the jets it recoils from.

use apl_core::random::Stream;

use super::vector::FourVector;

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// The boson's mass, GeV.
    pub mass: f64,
    /// Its width, GeV.
    pub width: f64,
    /// The range of masses that is generated, GeV.
    pub masses: [f64; 2],
    /// The mean number of jets of at least [`JET_PT`], before the limit [`MOST_JETS`].
    pub jets: f64,
    /// The exponent of the jets' falling spectrum: more than `pT` with probability `(JET_PT / pT)^fall`.
    pub fall: f64,
    /// Deviation of each transverse component of what is softer than jets, GeV.
    pub soft: f64,
    /// Deviation of the boson's rapidity.
    pub rapidity: f64,
}

/// H -> tau tau: 125 GeV, 4.1 MeV. Made from gluons, which radiate more than quarks do.
pub const HIGGS: Process = Process {
    mass: 125.0,
    width: 0.0041,
    masses: [124.0, 126.0],
    jets: 0.85,
    fall: 2.9,
    soft: 10.0,
    rapidity: 1.0,
};

/// Z -> tau tau: 91.1876 GeV, 2.4952 GeV (Particle Data Group). Made from quarks.
pub const Z: Process = Process {
    mass: 91.1876,
    width: 2.4952,
    masses: [60.0, 160.0],
    jets: 0.55,
    fall: 3.2,
    soft: 7.5,
    rapidity: 1.2,
};

/// The least transverse momentum of a jet, GeV.
pub const JET_PT: f64 = 30.0;
/// The most jets of an event.
pub const MOST_JETS: usize = 5;
/// The largest transverse momentum of a jet, GeV.
const HARDEST: f64 = 500.0;
/// Deviation of a jet's pseudorapidity, and where detectors end.
const JET_ETA: (f64, f64) = (2.0, 4.5);

/// Up to [`MOST_JETS`] jets, hardest first where they were sorted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Jets {
    all: [FourVector; MOST_JETS],
    count: usize,
}

impl Jets {
    /// Adds one; one too many is left out.
    pub fn push(&mut self, jet: FourVector) {
        if let Some(place) = self.all.get_mut(self.count) {
            *place = jet;
            self.count += 1;
        }
    }

    /// The jets.
    pub fn list(&self) -> &[FourVector] {
        &self.all[..self.count]
    }

    /// The jets, to be changed.
    pub fn list_mut(&mut self) -> &mut [FourVector] {
        &mut self.all[..self.count]
    }
}

/// A boson, what it recoils from, and nothing else across the beam: their transverse momenta add up to 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Production {
    /// The boson.
    pub boson: FourVector,
    /// Its mass.
    pub mass: f64,
    /// The jets.
    pub jets: Jets,
    /// The transverse momentum of what is softer than jets.
    pub soft: [f64; 2],
}

impl Process {
    /// Makes a boson.
    ///
    /// The mass follows the Breit-Wigner `1 / ((m^2 - M^2)^2 + M^2 Gamma^2)` in `m^2` over [`Process::masses`], the rapidity a normal distribution,
    /// jets are Poisson in number, with a falling power of the transverse momentum, normal in pseudorapidity and uniform in azimuth.
    pub fn produce(&self, random: &mut Stream) -> Production {
        let mass = self.draw_mass(random);
        let mut jets = Jets::default();
        for _ in 0..poisson(self.jets, random).min(MOST_JETS) {
            let harder = libm::exp(-libm::log(1.0 - random.uniform()) / self.fall);
            let pt = (JET_PT * harder).min(HARDEST);
            let eta = (JET_ETA.0 * random.normal()).clamp(-JET_ETA.1, JET_ETA.1);
            jets.push(FourVector::from_pt_eta_phi(0.0, pt, eta, azimuth(random)));
        }
        let soft = [self.soft * random.normal(), self.soft * random.normal()];
        let [mut x, mut y] = soft;
        for jet in jets.list() {
            (x, y) = (x + jet.p[0], y + jet.p[1]);
        }
        let across = (mass * mass + x * x + y * y).sqrt();
        let z = across * libm::sinh(self.rapidity * random.normal());
        let boson = FourVector::on_shell(mass, [-x, -y, z]);
        Production { boson, mass, jets, soft }
    }

    fn draw_mass(&self, random: &mut Stream) -> f64 {
        let (square, width) = (self.mass * self.mass, self.mass * self.width);
        let angle = |mass: f64| libm::atan((mass * mass - square) / width);
        let [low, high] = self.masses.map(angle);
        let angle = low + (high - low) * random.uniform();
        (square + width * libm::tan(angle)).sqrt()
    }
}

/// Uniform in `[0, 2 pi)`.
pub(super) fn azimuth(random: &mut Stream) -> f64 {
    std::f64::consts::TAU * random.uniform()
}

/// A Poisson number of small mean, by adding up its distribution.
fn poisson(mean: f64, random: &mut Stream) -> usize {
    let mut left = random.uniform();
    let (mut count, mut probability) = (0, libm::exp(-mean));
    while left >= probability && count < MOST_JETS {
        left -= probability;
        count += 1;
        probability *= mean / count as f64;
    }
    count
}

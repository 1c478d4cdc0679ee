//! Four-momenta in GeV, with c = 1; z is along the beam.

use std::ops::{Add, Neg, Sub};

/// An energy and a momentum.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FourVector {
    /// The energy.
    pub e: f64,
    /// The momentum: x, y across the beam, z along it.
    pub p: [f64; 3],
}

impl FourVector {
    /// A particle of mass `m` with this momentum.
    pub fn on_shell(m: f64, p: [f64; 3]) -> Self {
        Self { e: (m * m + dot(p, p)).sqrt(), p }
    }

    /// A particle of mass `m` from transverse momentum, pseudorapidity and azimuth: `pz = pT sinh(eta)`.
    pub fn from_pt_eta_phi(m: f64, pt: f64, eta: f64, phi: f64) -> Self {
        let (sin, cos) = libm::sincos(phi);
        Self::on_shell(m, [pt * cos, pt * sin, pt * libm::sinh(eta)])
    }

    /// `m^2 = e^2 - p^2`; rounding can make it negative.
    pub fn mass_squared(&self) -> f64 {
        self.e * self.e - dot(self.p, self.p)
    }

    /// The invariant mass; 0 where rounding made its square negative.
    pub fn mass(&self) -> f64 {
        self.mass_squared().max(0.0).sqrt()
    }

    /// The momentum across the beam.
    pub fn transverse(&self) -> [f64; 2] {
        [self.p[0], self.p[1]]
    }

    /// Its size, pT.
    pub fn pt(&self) -> f64 {
        length(self.transverse())
    }

    /// The pseudorapidity `asinh(pz / pT)`.
    pub fn eta(&self) -> f64 {
        libm::asinh(self.p[2] / self.pt())
    }

    /// The same particle as it is seen where something at rest has the momentum `frame`: a Lorentz boost out of the rest frame of `frame`, whose mass
    /// is `mass`.
    ///
    /// `e' = (P . p + E e) / M`, `p' = p + P (e + e') / (E + M)`.
    pub fn boosted(&self, frame: &Self, mass: f64) -> Self {
        let e = (dot(frame.p, self.p) + frame.e * self.e) / mass;
        let along = (self.e + e) / (frame.e + mass);
        Self { e, p: std::array::from_fn(|i| self.p[i] + frame.p[i] * along) }
    }

    /// Energy and momentum times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Self { e: self.e * factor, p: self.p.map(|p| p * factor) }
    }

    /// Turned around the beam.
    pub fn turned(&self, angle: f64) -> Self {
        let [x, y] = turned(self.transverse(), angle);
        Self { e: self.e, p: [x, y, self.p[2]] }
    }
}

impl Add for FourVector {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { e: self.e + other.e, p: std::array::from_fn(|i| self.p[i] + other.p[i]) }
    }
}

impl Sub for FourVector {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for FourVector {
    type Output = Self;

    fn neg(self) -> Self {
        self.scaled(-1.0)
    }
}

/// `a . b`.
pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// `a x b` of two transverse vectors.
pub(super) fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// The size of a transverse vector.
pub(super) fn length(a: [f64; 2]) -> f64 {
    (a[0] * a[0] + a[1] * a[1]).sqrt()
}

/// The azimuth of `b` seen from `a`, in `[-pi, pi]`.
pub(super) fn azimuth(a: [f64; 2], b: [f64; 2]) -> f64 {
    libm::atan2(cross(a, b), a[0] * b[0] + a[1] * b[1])
}

/// A transverse vector turned around the beam.
pub(super) fn turned(a: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = libm::sincos(angle);
    [a[0] * cos - a[1] * sin, a[0] * sin + a[1] * cos]
}

/// The direction at an angle (by its cosine) to the unit vector `axis`, turned around it by `phi`.
///
/// The two directions across the axis are those of Duff et al., "Building an Orthonormal Basis, Revisited" (JCGT 6, 2017).
pub(super) fn direction(axis: [f64; 3], cosine: f64, phi: f64) -> [f64; 3] {
    let [x, y, z] = axis;
    let sign = 1.0f64.copysign(z);
    let a = -1.0 / (sign + z);
    let b = x * y * a;
    let one = [1.0 + sign * x * x * a, sign * b, -sign * x];
    let other = [b, sign + y * y * a, -y];
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let (sin, cos) = libm::sincos(phi);
    std::array::from_fn(|i| axis[i] * cosine + sine * (one[i] * cos + other[i] * sin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boost_and_its_reverse_change_nothing_and_keep_the_mass() {
        let frame = FourVector::on_shell(91.2, [30.0, -12.0, 250.0]);
        let particle = FourVector::on_shell(1.777, [3.0, 40.0, -7.0]);
        let seen = particle.boosted(&frame, 91.2);
        assert!((seen.mass() - 1.777).abs() < 1e-9, "{}", seen.mass());
        let back = FourVector { e: frame.e, p: frame.p.map(|p| -p) };
        let again = seen.boosted(&back, 91.2);
        assert!((again.e - particle.e).abs() < 1e-9);
        assert!((0..3).all(|i| (again.p[i] - particle.p[i]).abs() < 1e-9));
        let rest = FourVector { e: 91.2, p: [0.0; 3] };
        let whole = rest.boosted(&frame, 91.2);
        assert!((whole.e - frame.e).abs() < 1e-9 && (whole.p[2] - 250.0).abs() < 1e-9);
    }

    #[test]
    fn a_direction_has_its_angle_to_any_axis() {
        for axis in [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [0.6, 0.0, 0.8], [-0.48, 0.6, -0.64]] {
            for (cosine, phi) in [(0.3, 1.0), (-0.9, 4.0), (1.0, 0.0)] {
                let found = direction(axis, cosine, phi);
                assert!((dot(found, found) - 1.0).abs() < 1e-12);
                assert!((dot(found, axis) - cosine).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn transverse_angles_have_a_sign() {
        assert!((azimuth([1.0, 0.0], [0.0, 2.0]) - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        assert!((azimuth([0.0, 2.0], [1.0, 0.0]) + std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        let particle = FourVector::from_pt_eta_phi(0.1, 20.0, -1.5, 0.4);
        assert!((particle.pt() - 20.0).abs() < 1e-12 && (particle.eta() + 1.5).abs() < 1e-12);
        assert!((particle.turned(1.0).mass() - 0.1).abs() < 1e-6);
    }
}

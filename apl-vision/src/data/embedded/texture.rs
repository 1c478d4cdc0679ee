//! The textures of generated images.

use apl_core::random::Stream;

/// Textures there are.
pub(super) const TEXTURES: u32 = 10;

/// A texture with its period, phase and direction.
pub(super) struct Texture {
    kind: u32,
    /// Radians a pixel.
    frequency: f64,
    phase: [f64; 2],
    direction: [f64; 2],
    /// Rays of a star.
    number: f64,
}

impl Texture {
    /// Draws everything but the kind.
    pub fn draw(kind: u32, stream: &mut Stream) -> Self {
        let tau = std::f64::consts::TAU;
        let period = 3.6 + 2.2 * stream.uniform();
        let phase = [(); 2].map(|()| tau * stream.uniform());
        let tilt = 0.5 * (stream.uniform() - 0.5);
        let diagonal = if stream.uniform() < 0.5 { 0.125 * tau } else { -0.125 * tau };
        let angle = match kind {
            2 => tilt + diagonal,
            4 | 9 => tau * stream.uniform(),
            _ => tilt,
        };
        Self {
            kind,
            frequency: tau / period,
            phase,
            direction: [libm::cos(angle), libm::sin(angle)],
            number: f64::from(5 + stream.below(4)),
        }
    }

    /// The share of the second colour, 0 to 1, at `x` and `y` pixels from the shape's centre.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let [cos, sin] = self.direction;
        let [first, second] = self.phase;
        let (u, v) = (cos * x + sin * y, cos * y - sin * x);
        let wave = |place: f64, phase: f64| libm::sin(self.frequency * place + phase);
        let value = match self.kind {
            // Stripes lying, standing, slanting; checks.
            0 => wave(v, first),
            1 | 2 => wave(u, first),
            3 => 1.4 * wave(u * 0.8, first) * wave(v * 0.8, second),
            // Dots; rings; rays.
            4 => wave(u, first) + wave(v, second) - 0.9,
            5 => wave((x * x + y * y).sqrt(), first),
            6 => libm::sin(self.number * libm::atan2(y, x) + first),
            // Plain; two halves; large blots.
            7 => return 0.0,
            8 => v * 0.8,
            _ => libm::sin(0.35 * u + first) + libm::sin(0.5 * v + second),
        };
        (0.5 + 1.2 * value).clamp(0.0, 1.0)
    }
}

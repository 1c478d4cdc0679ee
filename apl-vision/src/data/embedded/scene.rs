//! One generated image: background, clutter, shape, noise.

use apl_core::random::Stream;

use crate::data::{
    SIDE,
    embedded::{
        outline::{OUTLINES, REACH, distance},
        texture::{TEXTURES, Texture},
    },
};

/// A colour, each channel from 0 to 255.
type Colour = [f64; 3];

/// Shapes that lie about in the background.
const CLUTTER: usize = 6;
/// Deviation of the noise of each value.
const NOISE: f64 = 14.0;

/// A shape of one colour or, with a texture, of two.
struct Body {
    outline: u32,
    centre: [f64; 2],
    radius: f64,
    turn: [f64; 2],
    colours: [Colour; 2],
}

/// What is in an image.
pub(super) struct Scene {
    ground: [Colour; 2],
    slope: [f64; 2],
    clutter: Vec<Body>,
    body: Body,
    texture: Texture,
}

impl Scene {
    /// Draws an image of this class.
    pub fn draw(label: u32, classes: u32, stream: &mut Stream) -> Self {
        let shape = stream.below(OUTLINES);
        let (texture, outline) = if classes > TEXTURES {
            (label / OUTLINES % TEXTURES, label % OUTLINES)
        } else {
            (label, shape)
        };
        let ground = [colour(stream), colour(stream)];
        let angle = std::f64::consts::TAU * stream.uniform();
        let slope = [libm::cos(angle), libm::sin(angle)].map(|part| part / SIDE as f64);
        let clutter = (0..CLUTTER)
            .map(|_| {
                let outline = stream.below(OUTLINES);
                let centre = [(); 2].map(|()| SIDE as f64 * stream.uniform());
                let radius = 1.5 + 4.0 * stream.uniform();
                let only = colour(stream);
                Body { outline, centre, radius, turn: turn(3.0, stream), colours: [only; 2] }
            })
            .collect();
        let centre = [(); 2].map(|()| 11.0 + 9.0 * stream.uniform());
        let radius = 9.0 + 4.0 * stream.uniform();
        let colours = contrasting(stream);
        let body = Body { outline, centre, radius, turn: turn(0.25, stream), colours };
        Self { ground, slope, clutter, body, texture: Texture::draw(texture, stream) }
    }

    /// Paints the image, row-major `[3, 32, 32]`; the noise comes from what is left of the stream.
    pub fn paint(&self, stream: &mut Stream, image: &mut [u8]) {
        let plane = SIDE * SIDE;
        for place in 0..plane {
            let (x, y) = ((place % SIDE) as f64 + 0.5, (place / SIDE) as f64 + 0.5);
            let middle = SIDE as f64 / 2.0;
            let along = 0.5 + self.slope[0] * (x - middle) + self.slope[1] * (y - middle);
            let mut seen = mix(self.ground[0], self.ground[1], along.clamp(0.0, 1.0));
            for body in &self.clutter {
                seen = mix(seen, body.colours[0], body.cover(x, y));
            }
            let cover = self.body.cover(x, y);
            if cover > 0.0 {
                let share = self.texture.at(x - self.body.centre[0], y - self.body.centre[1]);
                let [first, second] = self.body.colours;
                seen = mix(seen, mix(first, second, share), cover);
            }
            for (channel, value) in seen.into_iter().enumerate() {
                let noisy = value + NOISE * noise(stream);
                image[channel * plane + place] = (noisy.clamp(0.0, 255.0) + 0.5) as u8;
            }
        }
    }
}

impl Body {
    /// How much of the pixel at `(x, y)` the body covers, 0 to 1.
    fn cover(&self, x: f64, y: f64) -> f64 {
        let [cos, sin] = self.turn;
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        if x.abs().max(y.abs()) > REACH * self.radius + 1.0 {
            return 0.0;
        }
        let (x, y) = (x / self.radius, y / self.radius);
        let distance = distance(self.outline, cos * x + sin * y, cos * y - sin * x);
        (0.5 - distance * self.radius).clamp(0.0, 1.0)
    }
}

/// Cosine and sine of an angle up to `most` to either side.
fn turn(most: f64, stream: &mut Stream) -> [f64; 2] {
    let angle = most * (2.0 * stream.uniform() - 1.0);
    [libm::cos(angle), libm::sin(angle)]
}

/// About normal, mean 0 and deviation 1: the sum of the four bytes of a word, shifted and scaled.
fn noise(stream: &mut Stream) -> f64 {
    let sum: u32 = stream.next_u32().to_le_bytes().into_iter().map(u32::from).sum();
    (f64::from(sum) - 510.0) / 147.8
}

fn colour(stream: &mut Stream) -> Colour {
    [(); 3].map(|()| 30.0 + 195.0 * stream.uniform())
}

/// Two colours that differ; which is the brighter is chance.
fn contrasting(stream: &mut Stream) -> [Colour; 2] {
    let middle = [(); 3].map(|()| 80.0 + 95.0 * stream.uniform());
    let strength = 35.0 + 45.0 * stream.uniform();
    let sign = if stream.uniform() < 0.5 { 1.0 } else { -1.0 };
    let shift = [(); 3].map(|()| sign * strength * (0.4 + 0.8 * stream.uniform()));
    let part = |way: f64| [0, 1, 2].map(|c| middle[c] + way * shift[c]);
    [part(1.0), part(-1.0)]
}

fn mix(from: Colour, to: Colour, share: f64) -> Colour {
    [0, 1, 2].map(|channel| from[channel] + share * (to[channel] - from[channel]))
}

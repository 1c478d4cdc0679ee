//! A contact sheet: for every class the first images of train, so that one look tells whether images and labels are what they should be.

mod font;

use std::path::Path;

use apl_train::run::file;

use crate::{
    Error, Result,
    data::{DataConfig, Folders, Images, SIDE, load},
};

/// The most images a class may have on a sheet.
const MOST: usize = 50;
/// Space between images and around the sheet, in pixels of the images.
const GAP: usize = 2;
/// Space around a name.
const MARGIN: usize = 4;
/// Letters of a name that are shown.
const LETTERS: usize = 16;
/// Greys: of the paper, of the letters, of the place of an image there is not.
const PAPER: u8 = 255;
const INK: u8 = 40;
const MISSING: u8 = 235;

/// Writes a PNG with a row of images for each class: its name, and its first `count` training images in canonical order. More than 20 classes stand
/// in several columns. Returns what looked odd on the way, a line each.
///
/// Images are enlarged twice, each pixel a square.
///
/// ```
/// use apl_vision::data::{DataConfig, Folders, show};
/// let folder = tempfile::tempdir()?;
/// let folders = Folders { hub: folder.path(), cache: folder.path() };
/// let config = DataConfig { train: Some(60), test: Some(20), ..DataConfig::default() };
/// show(&config, folders, 5, &folder.path().join("sheet.png"))?;
/// # Ok::<(), apl_vision::Error>(())
/// ```
///
/// # Errors
/// As [`Data::load`](crate::data::Data::load); `count` 0 or above 50; a file that cannot be written.
pub fn show(
    config: &DataConfig,
    folders: Folders,
    count: usize,
    path: &Path,
) -> Result<Vec<String>> {
    config.check()?;
    if count == 0 || count > MOST {
        return Err(Error::Setting {
            place: "images a class".into(),
            found: count.to_string(),
            expected: format!("1 to {MOST}"),
        });
    }
    let mut warnings = Vec::new();
    let opened = load::open(config, folders, &mut warnings)?;
    let classes = config.labelling()?.classes();
    let numbers = || (0..classes).map(|label| label.to_string()).collect();
    let names: Vec<String> = opened.class_names.unwrap_or_else(numbers);
    let bytes = sheet(&opened.images[0], &names, count).png(path)?;
    file::whole(path, |file| file.write_all(&bytes))
        .map_err(|error| Error::unwritable(path, &error))?;
    Ok(warnings)
}

/// The sheet of these images, a row for each name.
fn sheet(images: &Images, names: &[String], count: usize) -> Canvas {
    let letters = names.iter().map(|name| name.chars().count().min(LETTERS)).max().unwrap_or(0);
    let name_width = letters * (font::WIDTH + 1) + 2 * MARGIN;
    let block = name_width + count * (SIDE + GAP) + GAP;
    let row = SIDE + GAP;
    let columns = columns(names.len(), block, row);
    let rows = names.len().div_ceil(columns);
    let mut canvas = Canvas::new(columns * block + GAP, rows * row + GAP);
    for (class, name) in names.iter().enumerate() {
        let (left, top) = (GAP + class / rows * block, GAP + class % rows * row);
        // Names end beside their images.
        let shown: Vec<char> = name.chars().take(LETTERS).collect();
        let indent = (letters - shown.len()) * (font::WIDTH + 1);
        canvas.write(left + MARGIN + indent, top + (SIDE - font::HEIGHT) / 2, &shown);
        let of_class =
            images.labels().iter().zip(0..).filter(|(label, _)| **label as usize == class);
        let mut of_class = of_class.map(|(_, place)| images.image(place));
        for place in 0..count {
            let left = left + name_width + place * (SIDE + GAP);
            canvas.image(left, top, of_class.next().flatten());
        }
    }
    canvas
}

/// Columns of classes: one for few, otherwise so many that the sheet is nearest to 3 by 2.
fn columns(classes: usize, width: usize, height: usize) -> usize {
    if classes <= 20 {
        return 1;
    }
    let distance = |&columns: &usize| {
        let shape = (columns * width) as f64 / (classes.div_ceil(columns) * height) as f64;
        (libm::log(shape / 1.5).abs() * 1e6) as u64
    };
    (1..=classes).min_by_key(distance).unwrap_or(1)
}

/// Rows of red, green and blue.
struct Canvas {
    width: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, rgb: vec![PAPER; width * height * 3] }
    }

    fn dot(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        self.rgb[(y * self.width + x) * 3..][..3].copy_from_slice(&colour);
    }

    fn write(&mut self, left: usize, top: usize, letters: &[char]) {
        for (place, &letter) in letters.iter().enumerate() {
            let top = top + font::drop(letter);
            for (y, row) in font::letter(letter).into_iter().enumerate() {
                for x in (0..font::WIDTH).filter(|x| row >> (font::WIDTH - 1 - x) & 1 == 1) {
                    self.dot(left + place * (font::WIDTH + 1) + x, top + y, [INK; 3]);
                }
            }
        }
    }

    fn image(&mut self, left: usize, top: usize, image: Option<&[u8]>) {
        let plane = SIDE * SIDE;
        for place in 0..plane {
            let colour = image.map(|image| [0, 1, 2].map(|channel| image[channel * plane + place]));
            self.dot(left + place % SIDE, top + place / SIDE, colour.unwrap_or([MISSING; 3]));
        }
    }

    /// The canvas as a PNG, every dot a square of two by two.
    fn png(&self, path: &Path) -> Result<Vec<u8>> {
        let large: Vec<u8> = self
            .rgb
            .chunks_exact(self.width * 3)
            .flat_map(|row| {
                let wide = row.chunks_exact(3).flat_map(|dot| [dot, dot].concat());
                wide.collect::<Vec<u8>>().repeat(2)
            })
            .collect();
        let (width, height) = (2 * self.width, large.len() / (6 * self.width));
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&large));
        written.map_err(|error| {
            Error::Io(std::io::Error::other(format!("{}: {error}", path.display())))
        })?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{
        PIXELS, Set, Source,
        testing::{cifar, expected, message},
    };

    fn shown(classes: u32, set: Set, count: usize) -> (u32, u32, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let (train, test) = (expected(0..3 * classes, classes), expected(0..classes, classes));
        cifar::folder(folder.path(), &cifar::files(&train, &test, set, false));
        let source = Source::Path(folder.path().into());
        let config = DataConfig { source, set, ..DataConfig::default() };
        let cache = folder.path().join("cache");
        let path = folder.path().join("sheet.png");
        show(&config, Folders { hub: &cache, cache: &cache }, count, &path).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut rgb).unwrap();
        (frame.width, frame.height, rgb)
    }

    #[test]
    fn the_first_images_of_each_class_stand_in_its_row() {
        let (width, height, rgb) = shown(10, Set::Cifar10, 4);
        // "automobile" has ten letters.
        let name = 10 * 6 + 8;
        assert_eq!((width, height), (2 * (2 + name + 4 * 34 + 2), 2 * (10 * 34 + 2)));
        let train = expected(0..30, 10).canonical().unwrap();
        for class in 0..10 {
            let of_class: Vec<usize> = (0..30).filter(|&i| train.labels()[i] == class).collect();
            for (place, &image) in of_class.iter().enumerate() {
                let image = &train.pixels()[image * PIXELS..][..PIXELS];
                for (x, y) in [(0, 0), (31, 31), (7, 20)] {
                    let (left, top) =
                        (2 + name as usize + place * 34 + x, 2 + class as usize * 34 + y);
                    for (dx, dy) in [(0, 0), (1, 1)] {
                        let at = ((2 * top + dy) * width as usize + 2 * left + dx) * 3;
                        let pixel = [0, 1, 2].map(|channel| image[channel * 1024 + y * 32 + x]);
                        assert_eq!(rgb[at..at + 3], pixel);
                    }
                }
            }
            // There are three; the fourth is left grey.
            let at = (2 * (2 + class as usize * 34) * width as usize
                + 2 * (2 + name as usize + 3 * 34))
                * 3;
            assert_eq!(rgb[at..at + 3], [MISSING; 3]);
        }
    }

    #[test]
    fn a_hundred_classes_are_no_ribbon() {
        let (width, height, _) = shown(100, Set::Cifar100, 8);
        let shape = f64::from(width) / f64::from(height);
        assert!((1.0..2.2).contains(&shape), "{width} {height}");
    }

    #[test]
    fn a_number_out_of_range_is_named() {
        let nowhere = Path::new("unused");
        for count in [0, 51] {
            let folders = Folders { hub: nowhere, cache: nowhere };
            let result = show(&DataConfig::default(), folders, count, nowhere);
            assert_eq!(
                message(result, nowhere),
                format!("images a class: found {count}, expected 1 to 50")
            );
        }
    }
}

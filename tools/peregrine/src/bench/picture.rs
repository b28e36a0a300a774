//! The histograms as a picture: one strip a sample, all over the same logarithmic axis of time.
//!
//! Text is drawn from a bitmap font that is compiled in, so no machine lacks it.

use super::measure::Sample;
use font8x8::legacy::BASIC_LEGACY;
use research::report::frame::span;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

const WIDTH: usize = 1_200;
/// Of one sample.
const STRIP: usize = 64;
/// Of the axis below.
const AXIS: usize = 28;
/// Left of the plots: names and figures.
const LEFT: usize = 400;
const RIGHT: usize = 16;
/// The axis goes from 1 ns to 10 ms: seven decades.
const DECADES: usize = 7;
const GLYPH: usize = 8;
/// Widths of a column of a histogram, pixels.
const COLUMN: usize = 4;

type Colour = [u8; 3];
const PAPER: Colour = [255, 255, 255];
const INK: Colour = [32, 32, 32];
const FAINT: Colour = [226, 226, 226];
const BARS: Colour = [46, 110, 178];
const MEDIAN: Colour = [208, 62, 48];

/// Pixels, row by row.
pub struct Picture {
    height: usize,
    bytes: Vec<u8>,
}

impl Picture {
    /// Of these samples.
    pub fn of(samples: &[Sample]) -> Self {
        let height = samples.len() * STRIP + AXIS;
        let mut picture = Self { height, bytes: PAPER.repeat(WIDTH * height) };
        for (place, sample) in samples.iter().enumerate() {
            picture.strip(place * STRIP, sample);
        }
        picture.axis(samples.len() * STRIP);
        picture
    }

    /// Writes it as PNG.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let fault = |error: &dyn std::fmt::Display| {
            format!("{}: the picture cannot be written: {error}", path.display())
        };
        let file = File::create(path).map_err(|error| fault(&error))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), WIDTH as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().map_err(|error| fault(&error))?;
        writer.write_image_data(&self.bytes).map_err(|error| fault(&error))?;
        writer.finish().map_err(|error| fault(&error))
    }

    fn fill(&mut self, (left, top): (usize, usize), (width, height): (usize, usize), of: Colour) {
        for y in top..(top + height).min(self.height) {
            let row = y * WIDTH;
            let (from, to) = ((row + left.min(WIDTH)) * 3, (row + (left + width).min(WIDTH)) * 3);
            for pixel in self.bytes[from..to].chunks_exact_mut(3) {
                pixel.copy_from_slice(&of);
            }
        }
    }

    fn text(&mut self, (left, top): (usize, usize), text: &str) {
        for (place, letter) in text.chars().enumerate() {
            // What the font lacks is written as in ASCII.
            let letter = if letter == 'µ' { 'u' } else { letter };
            let glyph = BASIC_LEGACY.get(letter as usize).unwrap_or(&BASIC_LEGACY[b'?' as usize]);
            for (y, bits) in glyph.iter().enumerate() {
                for x in (0..GLYPH).filter(|x| bits >> x & 1 == 1) {
                    self.fill((left + place * GLYPH + x, top + y), (1, 1), INK);
                }
            }
        }
    }

    /// One sample: name and figures on the left, its histogram on the right.
    fn strip(&mut self, top: usize, sample: &Sample) {
        self.text((8, top + 12), sample.name);
        self.text((8, top + 26), &clipped(sample.what));
        let figure = |share| sample.ns(share).map_or("-".to_owned(), span);
        let figures = format!("p50 {}  p99 {}  max {}", figure(0.5), figure(0.99), figure(1.0));
        self.text((8, top + 42), &figures);
        self.grid(top, STRIP - 6);
        let columns = columns(sample);
        let most = columns.iter().copied().max().unwrap_or(0).max(1);
        let tall = STRIP - 10;
        for (place, count) in columns.iter().enumerate().filter(|(_, count)| **count > 0) {
            // A logarithm, so that the rare ones of a tail are seen beside the many.
            let share = (*count as f64).ln_1p() / (most as f64).ln_1p();
            let high = ((share * tall as f64) as usize).max(1);
            let left = LEFT + place * COLUMN;
            self.fill((left, top + 4 + tall - high), (COLUMN - 1, high), BARS);
        }
        if let Some(median) = sample.ns(0.5) {
            self.fill((LEFT + across(median), top + 2), (1, tall + 4), MEDIAN);
        }
    }

    fn grid(&mut self, top: usize, height: usize) {
        for decade in 0..=DECADES {
            self.fill((LEFT + across(10_f64.powi(decade as i32)), top), (1, height), FAINT);
        }
        self.fill((LEFT, top + STRIP - 5), (WIDTH - LEFT - RIGHT, 1), FAINT);
    }

    fn axis(&mut self, top: usize) {
        for decade in 0..DECADES {
            let ns = 10_f64.powi(decade as i32);
            self.text((LEFT + across(ns), top + 8), &span(ns));
        }
    }
}

/// How far right of the axis' begin this many ns are, pixels.
fn across(ns: f64) -> usize {
    let wide = (WIDTH - LEFT - RIGHT) as f64;
    (ns.max(1.0).log10() / DECADES as f64 * wide).clamp(0.0, wide - 1.0) as usize
}

/// How many samples fall into each column.
fn columns(sample: &Sample) -> Vec<u64> {
    let mut columns = vec![0; (WIDTH - LEFT - RIGHT) / COLUMN + 1];
    for value in sample.histogram.iter_recorded() {
        let place = across(value.value_iterated_to() as f64 / 1e3) / COLUMN;
        if let Some(column) = columns.get_mut(place) {
            *column += value.count_at_value();
        }
    }
    columns
}

fn clipped(text: &str) -> String {
    text.chars().take((LEFT - 16) / GLYPH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_picture_has_bars_and_letters_and_can_be_read_again() {
        let mut sample = Sample::new("gate", "order through the risk gate").unwrap();
        (1..100).for_each(|ns| sample.event(Duration::from_nanos(ns * ns)));
        let picture = Picture::of(&[sample, Sample::new("empty", "nothing was measured").unwrap()]);
        let pixels = || picture.bytes.chunks_exact(3);
        for colour in [INK, BARS, MEDIAN, FAINT] {
            assert!(pixels().any(|pixel| pixel == colour), "{colour:?}");
        }
        let path = std::env::temp_dir().join(format!("peregrine-{}.png", std::process::id()));
        picture.write(&path).unwrap();
        let file = std::io::BufReader::new(File::open(&path).unwrap());
        let reader = png::Decoder::new(file).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), (WIDTH as u32, 2 * STRIP as u32 + AXIS as u32));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_picture_that_cannot_be_written_says_where() {
        let fault = Picture::of(&[]).write(Path::new("/nowhere/bench.png")).unwrap_err();
        assert!(fault.starts_with("/nowhere/bench.png: the picture cannot be written"), "{fault}");
    }
}

//! Pictures as PNG, with letters of a font that is compiled in, so that no machine lacks it.

use resvg::{tiny_skia, usvg};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Draws SVG as pixels.
pub struct Raster {
    options: usvg::Options<'static>,
}

impl Default for Raster {
    fn default() -> Self {
        let mut options = usvg::Options::default();
        let fonts = Arc::make_mut(&mut options.fontdb);
        fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
        let family = fonts.faces().next().and_then(|face| face.families.first());
        if let Some((family, _)) = family.cloned() {
            fonts.set_sans_serif_family(family.clone());
            options.font_family = family;
        }
        Self { options }
    }
}

impl Raster {
    /// Writes a picture as PNG.
    pub fn write(&self, svg: &str, out: impl Write) -> Result<(), String> {
        let tree = usvg::Tree::from_str(svg, &self.options).map_err(|error| error.to_string())?;
        let size = tree.size().to_int_size();
        let (width, height) = (size.width(), size.height());
        let pixmap = tiny_skia::Pixmap::new(width, height);
        let mut pixmap = pixmap.ok_or_else(|| format!("{width} x {height} is too large"))?;
        pixmap.fill(tiny_skia::Color::WHITE);
        resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixmap.as_mut());
        // On white nothing is transparent: what is premultiplied is what it is.
        let pixels: Vec<u8> =
            pixmap.pixels().iter().flat_map(|one| [one.red(), one.green(), one.blue()]).collect();
        let mut encoder = png::Encoder::new(out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
        writer.write_image_data(&pixels).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())
    }

    /// Writes a picture to a file.
    pub fn save(&self, svg: &str, path: &Path) -> Result<(), String> {
        let failed = |why: &dyn std::fmt::Display| {
            format!("{}: the picture cannot be written: {why}", path.display())
        };
        let file = File::create(path).map_err(|error| failed(&error))?;
        self.write(svg, BufWriter::new(file)).map_err(|why| failed(&why))
    }
}

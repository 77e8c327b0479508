//! Makes pictures of pages small: a page has few colours, and a file of 256 is a third of one of
//! sixteen million.

use std::collections::HashMap;
use std::io::Cursor;

type Colour = [u8; 3];

/// How many colours a PNG with one byte for each pixel has.
const COLOURS: usize = 256;

/// The same picture with the 256 colours that it has most of; every other one becomes the nearest.
///
/// # Panics
///
/// When the picture is none with eight bits for each of red, green, blue and possibly alpha.
pub fn smaller(picture: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info().expect("a PNG");
    let mut data = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut data).expect("a whole PNG");
    let pixels: Vec<Colour> = data
        .chunks_exact(frame.color_type.samples())
        .filter_map(|pixel| pixel.first_chunk().copied())
        .collect();
    let palette = palette(&pixels);
    let mut known = HashMap::new();
    let indices: Vec<u8> = pixels
        .iter()
        .map(|pixel| *known.entry(*pixel).or_insert_with(|| nearest(&palette, *pixel)))
        .collect();
    write(frame.width, frame.height, &palette, &indices)
}

fn palette(pixels: &[Colour]) -> Vec<Colour> {
    let mut counts: HashMap<Colour, usize> = HashMap::new();
    for pixel in pixels {
        let count = counts.entry(*pixel).or_default();
        *count = count.saturating_add(1);
    }
    let mut colours: Vec<(usize, Colour)> =
        counts.into_iter().map(|(colour, count)| (count, colour)).collect();
    colours.sort_unstable_by(|a, b| b.cmp(a));
    colours.into_iter().take(COLOURS).map(|(_, colour)| colour).collect()
}

fn nearest(palette: &[Colour], pixel: Colour) -> u8 {
    let distance = |colour: &Colour| -> u32 {
        let parts = colour.iter().zip(pixel).map(|(a, b)| u32::from(a.abs_diff(b)));
        parts.map(|part| part.saturating_mul(part)).sum()
    };
    let colours = (0..=u8::MAX).zip(palette);
    colours.min_by_key(|(_, colour)| distance(colour)).map_or(0, |(index, _)| index)
}

fn write(width: u32, height: u32, palette: &[Colour], indices: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(indices).expect("pixels");
    writer.finish().expect("an end");
    file
}

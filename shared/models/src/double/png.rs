//! Small pictures in whole: PNG (W3C PNG 3) of four colours that depend on a digest.

use super::MARK;

/// Squares on each side.
const SQUARES: u32 = 8;

/// The most that one stored block of deflate holds (RFC 1951, 3.2.4).
const BLOCK: usize = 65_535;

/// Returns a decodable picture of a size. The same digest (hexadecimal, at least 64 digits) makes the same one.
pub(super) fn picture(width: u32, height: u32, digest: &str) -> Vec<u8> {
    let nibbles: Vec<u8> = digest.bytes().map(|digit| (digit as char).to_digit(16).unwrap_or(0) as u8).collect();
    let mut header = Vec::new();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    // Two bits per pixel, by palette; deflate, the only filters there are, not interlaced.
    header.extend_from_slice(&[2, 3, 0, 0, 0]);
    let palette: Vec<u8> = nibbles.iter().take(12).map(|nibble| nibble * 17).collect();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"tEXt", format!("Comment\0{MARK} {}", &digest[..12]).as_bytes());
    chunk(&mut png, b"PLTE", &palette);
    chunk(&mut png, b"IDAT", &stored(&rows(width, height, &nibbles[12..])));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// Every row begins with the name of its filter: none.
fn rows(width: u32, height: u32, nibbles: &[u8]) -> Vec<u8> {
    let square = |at: u32, side: u32| u64::from(at) * u64::from(SQUARES) / u64::from(side.max(1));
    let color = |column: u64, row: u64| nibbles[(row * u64::from(SQUARES) + column) as usize % nibbles.len()] & 3;
    let row_of = |row: u64| {
        let mut bytes = vec![0u8; 1 + (width as usize).div_ceil(4)];
        for x in 0..width {
            bytes[1 + x as usize / 4] |= color(square(x, width), row) << (6 - 2 * (x % 4));
        }
        bytes
    };
    let kinds: Vec<Vec<u8>> = (0..u64::from(SQUARES)).map(row_of).collect();
    (0..height).flat_map(|y| kinds[square(y, height) as usize].iter().copied()).collect()
}

/// Wraps bytes as zlib (RFC 1950) without compressing them.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = vec![0x78, 0x01];
    let n_blocks = bytes.len().div_ceil(BLOCK);
    for (index, block) in bytes.chunks(BLOCK).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        zlib.push(u8::from(index + 1 == n_blocks));
        zlib.extend_from_slice(&length.to_le_bytes());
        zlib.extend_from_slice(&(!length).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    zlib.extend_from_slice(&adler32(bytes).to_be_bytes());
    zlib
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(data);
    let sum = crc32fast::hash(&png[start..]);
    png.extend_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use asset::canonical::sha256_hex;

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a header");
        let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
        let info = reader.next_frame(&mut pixels).expect("a picture");
        pixels.truncate(info.buffer_size());
        (info.width, info.height, pixels)
    }

    #[test]
    fn a_decoder_that_is_not_ours_reads_every_size() {
        for (width, height) in [(1, 1), (3, 5), (64, 64), (1344, 768), (1024, 1024)] {
            let bytes = picture(width, height, &sha256_hex(b"one"));
            let (w, h, pixels) = decode(&bytes);
            assert_eq!((w, h, pixels.len()), (width, height, (width * height * 3) as usize));
            assert_eq!(picture(width, height, &sha256_hex(b"one")), bytes);
        }
        let [one, two] = [b"one", b"two"].map(|seed| decode(&picture(64, 64, &sha256_hex(seed))).2);
        assert_ne!(one, two);
        let colors: std::collections::HashSet<&[u8]> = one.chunks(3).collect();
        assert!(colors.len() > 1, "it is not one plain colour");
    }
}

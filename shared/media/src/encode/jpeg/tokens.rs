//! Quantized blocks as the symbols that a Huffman table will be made for. They take a tenth of the memory of the
//! coefficients, and are counted while they are made, so that writing them is all that remains.

use super::huffman::{Counts, Table};
use crate::zigzag::TRANSPOSED;

/// The symbols of a whole picture, in the order of the file.
pub(super) struct Tokens {
    /// Table in the highest bits, symbol above 16, the bits that follow the code below. How many they are, the lowest four bits
    /// of the symbol say, in tables of both kinds.
    list: Vec<u32>,
    /// First coefficients and others of luma, then of chroma.
    pub(super) counts: [Counts; 4],
}

impl Tokens {
    pub(super) fn with_capacity(tokens: usize) -> Self {
        Tokens { list: Vec::with_capacity(tokens), counts: [[0; 256]; 4] }
    }

    #[inline(always)]
    fn push(&mut self, table: usize, symbol: u32, bits: u32) {
        let count = &mut self.counts[table & 3][(symbol & 255) as usize];
        *count = count.wrapping_add(1);
        self.list.push((table as u32) << 24 | symbol << 16 | bits);
    }

    /// Adds a block by columns. `kind` is 0 for luma, 1 for chroma.
    #[inline(always)]
    pub(super) fn block(&mut self, block: &[i16; 64], previous: i16, kind: usize) {
        let (size, bits) = magnitude(i32::from(block[0]) - i32::from(previous));
        self.push(kind * 2, size, bits);
        let table = kind * 2 + 1;
        let mut run = 0u32;
        for place in &TRANSPOSED[1..] {
            let value = block[usize::from(place & 63)];
            if value == 0 {
                run = run.wrapping_add(1);
                continue;
            }
            while run > 15 {
                self.push(table, 0xF0, 0);
                run -= 16;
            }
            let (size, bits) = magnitude(value.into());
            self.push(table, run << 4 | size, bits);
            run = 0;
        }
        if run > 0 {
            self.push(table, 0, 0);
        }
    }

    /// Writes codes and bits, in whole bytes, the last one filled with ones.
    pub(super) fn write(&self, tables: &[Table; 4], out: &mut Vec<u8>) {
        let (mut buffer, mut count) = (0u64, 0u32);
        for token in &self.list {
            let symbol = (token >> 16 & 255) as u8;
            let (code, length) = tables[(token >> 24 & 3) as usize].code(symbol);
            let size = u32::from(symbol & 15);
            buffer = buffer << (length + size) | u64::from(code << size | token & 0xFFFF);
            count += length + size;
            if count >= 32 {
                count -= 32;
                stuff((buffer >> count) as u32, out);
            }
        }
        let padding = (8 - count % 8) % 8;
        buffer = buffer << padding | ((1 << padding) - 1);
        for byte in (0..(count + padding) / 8).rev() {
            stuff_byte((buffer >> (byte * 8)) as u8, out);
        }
    }
}

/// Four bytes, with a zero after each 0xFF.
#[inline(always)]
fn stuff(word: u32, out: &mut Vec<u8>) {
    if word & (!word).wrapping_sub(0x0101_0101) & 0x8080_8080 == 0 {
        out.extend_from_slice(&word.to_be_bytes());
    } else {
        word.to_be_bytes().into_iter().for_each(|byte| stuff_byte(byte, out));
    }
}

fn stuff_byte(byte: u8, out: &mut Vec<u8>) {
    out.push(byte);
    if byte == 0xFF {
        out.push(0);
    }
}

/// Figure F.12 the other way round: the number of bits, and the bits.
#[inline(always)]
fn magnitude(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { value.wrapping_sub(1) } else { value };
    (size, bits as u32 & 1u32.wrapping_shl(size).wrapping_sub(1))
}

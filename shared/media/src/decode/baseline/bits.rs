//! Huffman codes from entropy-coded bytes (ITU-T T.81 Annex C and F.2.2), a table look-up for nearly every coefficient.

/// Codes up to this length are found by one look-up.
const FAST_BITS: u32 = 11;

/// A Huffman table made for decoding.
pub(super) struct Table {
    /// By the next bits. 0: the code is longer. Else the low byte is the number of bits to consume; above 16 stands a whole
    /// coefficient with the run of zeros before it above 8, or, if that is zero, above 8 stands the symbol.
    fast: Box<[u32; 1 << FAST_BITS]>,
    /// For each length, the first 16-bit pattern which is too large for it.
    limits: [u32; 17],
    /// For each length, what added to a code gives the index of its symbol.
    offsets: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    /// `counts` are the numbers of codes of length 1 to 16. `None` if they promise more codes than there are.
    pub(super) fn new(counts: &[u8; 16], listed: &[u8], coefficients: bool) -> Option<Self> {
        let mut symbols = [0; 256];
        symbols.get_mut(..listed.len())?.copy_from_slice(listed);
        let mut table = Table { fast: Box::new([0; 1 << FAST_BITS]), limits: [0; 17], offsets: [0; 17], symbols };
        let (mut code, mut index) = (0u32, 0u32);
        for length in 1..=16u32 {
            table.offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                if length <= FAST_BITS && code < 1 << length {
                    let symbol = *listed.get(index as usize)?;
                    table.fill(code, length, symbol, coefficients);
                }
                code += 1;
                index += 1;
            }
            if code > 1 << length {
                return None;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        (index as usize == listed.len()).then_some(table)
    }

    /// Enters one code before every pattern that may follow it.
    fn fill(&mut self, code: u32, length: u32, symbol: u8, coefficients: bool) {
        let free = FAST_BITS - length;
        for rest in 0..1 << free {
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            let entry = if coefficients && size > 0 && size <= free {
                let value = extend(rest >> (free - size), size);
                u32::from(value as u16) << 16 | run << 8 | (length + size)
            } else {
                u32::from(symbol) << 8 | length
            };
            self.fast[(code << free | rest) as usize] = entry;
        }
    }
}

/// Figure F.12: the upper half of each size is positive.
#[inline(always)]
fn extend(bits: u32, size: u32) -> i16 {
    let half = 1u32.wrapping_shl(size.wrapping_sub(1));
    let value = if bits < half { bits.wrapping_sub(half << 1).wrapping_add(1) } else { bits };
    value as i16
}

/// Reads bits of one scan. Every method returns `None` where the data end or make no sense.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    buffer: u64,
    /// How many of them are valid.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Bits { data, at: 0, buffer: 0, count: 0 }
    }

    #[inline(always)]
    fn refill(&mut self) {
        if self.count < 32 {
            if let Some(&bytes) = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
                let word = u64::from_be_bytes(bytes);
                // Whether none of the eight bytes is 0xFF, which needs a closer look.
                if word & (!word).wrapping_sub(0x0101_0101_0101_0101) & 0x8080_8080_8080_8080 == 0 {
                    self.buffer |= word >> self.count;
                    let whole = (64 - self.count) / 8;
                    self.at += whole as usize;
                    self.count += whole * 8;
                    return;
                }
            }
            self.refill_slowly();
        }
    }

    /// Byte by byte, dropping stuffed zeros; stops at a marker.
    #[inline(never)]
    fn refill_slowly(&mut self) {
        while self.count <= 56 {
            let (byte, length) = match self.data.get(self.at..) {
                Some([0xFF, 0, ..]) => (0xFF, 2),
                Some([0xFF, ..] | []) | None => return,
                Some([byte, ..]) => (*byte, 1),
            };
            // The fast way may have left bits of this very byte below the valid ones.
            self.buffer &= !(0xFF << (56 - self.count));
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.at += length;
            self.count += 8;
        }
    }

    #[inline(always)]
    fn consume(&mut self, length: u32) -> Option<()> {
        self.count = self.count.checked_sub(length)?;
        self.buffer = self.buffer.wrapping_shl(length);
        Some(())
    }

    /// Reads the `size` bits of a value, 1 to 15.
    #[inline(always)]
    fn value(&mut self, size: u32) -> Option<i16> {
        let bits = (self.buffer >> 1 >> 63u32.wrapping_sub(size)) as u32;
        self.consume(size)?;
        Some(extend(bits, size))
    }

    /// Finds a code that is longer than the fast table's.
    #[inline(never)]
    fn long_symbol(&mut self, table: &Table) -> Option<u32> {
        let bits = (self.buffer >> 48) as u32;
        let length = (FAST_BITS + 1..=16).find(|&length| bits < table.limits[length as usize])?;
        self.consume(length)?;
        let index = (bits >> (16 - length)) as i32 + table.offsets[length as usize];
        Some(u32::from(*table.symbols.get(usize::try_from(index).ok()?)?))
    }

    #[inline(always)]
    fn symbol(&mut self, table: &Table, entry: u32) -> Option<u32> {
        if entry == 0 {
            return self.long_symbol(table);
        }
        self.consume(entry & 0xFF)?;
        Some(entry >> 8 & 0xFF)
    }

    /// Reads the difference to the block before.
    #[inline(always)]
    pub(super) fn difference(&mut self, table: &Table) -> Option<i16> {
        self.refill();
        let entry = table.fast[(self.buffer >> (64 - FAST_BITS)) as usize];
        match self.symbol(table, entry)? {
            0 => Some(0),
            size @ 1..=11 => self.value(size),
            _ => None,
        }
    }

    /// Reads the other 63 coefficients to where `order` says, and returns whether there was any.
    #[inline(always)]
    pub(super) fn coefficients(&mut self, table: &Table, order: &[u8; 64], block: &mut [i16; 64]) -> Option<bool> {
        let mut at = 1usize;
        while at < 64 {
            self.refill();
            let entry = table.fast[(self.buffer >> (64 - FAST_BITS)) as usize];
            let value = (entry >> 16) as i16;
            if value != 0 {
                self.consume(entry & 0xFF)?;
                at = at.wrapping_add((entry >> 8 & 0xFF) as usize);
                block[usize::from(*order.get(at)? & 63)] = value;
                at = at.wrapping_add(1);
                continue;
            }
            let symbol = self.symbol(table, entry)?;
            let (run, size) = ((symbol >> 4) as usize, symbol & 15);
            match (run, size) {
                (0, 0) => return Some(at > 1),
                (15, 0) => at = at.wrapping_add(16),
                (_, 0) => return None,
                _ => {
                    at = at.wrapping_add(run);
                    block[usize::from(*order.get(at)? & 63)] = self.value(size)?;
                    at = at.wrapping_add(1);
                }
            }
        }
        (at == 64).then_some(true)
    }

    /// Leaves the rest of the byte and takes the restart marker that must follow.
    pub(super) fn restart(&mut self, number: u8) -> Option<()> {
        // More than the padding of one byte left, or another marker: something is out of step.
        self.refill();
        if self.count >= 8 || self.data.get(self.at..self.at + 2)? != [0xFF, 0xD0 | number] {
            return None;
        }
        (self.buffer, self.count) = (0, 0);
        self.at += 2;
        Some(())
    }

    /// Whether nothing but the end of the image follows.
    pub(super) fn ends(&mut self) -> bool {
        self.refill();
        self.count < 8 && self.data.get(self.at..self.at + 2) == Some(&[0xFF, 0xD9])
    }
}

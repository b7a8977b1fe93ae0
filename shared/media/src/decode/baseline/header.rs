//! What a scan needs to know from the segments before it.

use super::bits::Table;
use crate::container::be16;
use crate::zigzag::TRANSPOSED;

/// One component with everything that its blocks need.
pub(super) struct Component {
    id: u8,
    /// Blocks in an MCU.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Quantization steps in the order of `TRANSPOSED`.
    pub(super) steps: [u16; 64],
    pub(super) dc: usize,
    pub(super) ac: usize,
}

pub(super) struct Frame<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<Component>,
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
    /// MCUs between restart markers; 0 if there are none.
    pub(super) interval: usize,
    /// What follows the scan's header.
    pub(super) data: &'a [u8],
}

/// Reads the segments up to the first scan. `None` for everything but the common kind: Huffman-coded, sequential, eight bits,
/// one scan, grey or three components of which only the first may have more samples.
pub(super) fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let mut frame = Frame {
        width: 0,
        height: 0,
        components: Vec::new(),
        dc: [const { None }; 4],
        ac: [const { None }; 4],
        interval: 0,
        data: &[],
    };
    let mut steps: [Option<[u16; 64]>; 4] = [None; 4];
    let mut quantizers = Vec::new();
    let mut at = 2;
    loop {
        let marker = match bytes.get(at..at + 2)? {
            [0xFF, 0xFF] => {
                at += 1;
                continue;
            }
            [0xFF, marker] => *marker,
            _ => return None,
        };
        let length = usize::from(be16(bytes, at + 2)?);
        let body = bytes.get(at + 4..at + 2 + length)?;
        at += 2 + length;
        match marker {
            0xC0 | 0xC1 if frame.components.is_empty() => quantizers = frame.start(body)?,
            0xC4 => frame.huffman(body)?,
            0xDA => {
                for (component, &quantizer) in frame.components.iter_mut().zip(&quantizers) {
                    component.steps = (*steps.get(quantizer)?)?;
                }
                frame.scan(body)?;
                frame.data = &bytes[at..];
                return Some(frame);
            }
            0xDB => quantization(body, &mut steps)?,
            0xDD => frame.interval = be16(body, 0)?.into(),
            // An application's data, or a comment.
            0xE0..=0xEF | 0xFE => {}
            _ => return None,
        }
    }
}

impl Frame<'_> {
    /// Returns how many MCUs there are in a row and in a column.
    pub(super) fn mcus(&self) -> (usize, usize) {
        let (columns, rows) = self.components.first().map_or((1, 1), |luma| (luma.columns, luma.rows));
        (self.width.div_ceil(8 * columns), self.height.div_ceil(8 * rows))
    }

    /// B.2.2. Returns the numbers of the components' quantization tables.
    fn start(&mut self, body: &[u8]) -> Option<Vec<usize>> {
        let [8, _, _, _, _, count @ (1 | 3), listed @ ..] = body else { return None };
        (self.height, self.width) = (be16(body, 1)?.into(), be16(body, 3)?.into());
        let (listed, []) = listed.as_chunks::<3>() else { return None };
        if self.width == 0 || self.height == 0 || listed.len() != usize::from(*count) {
            return None;
        }
        for (index, &[id, sampling, _]) in listed.iter().enumerate() {
            let (columns, rows) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            let most = if index == 0 && listed.len() == 3 { 2 } else { 1 };
            if !(1..=most).contains(&columns) || !(1..=most).contains(&rows) {
                return None;
            }
            self.components.push(Component { id, columns, rows, steps: [0; 64], dc: 0, ac: 0 });
        }
        Some(listed.iter().map(|&[_, _, quantizer]| usize::from(quantizer)).collect())
    }

    /// B.2.4.2: any number of tables.
    fn huffman(&mut self, mut body: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let (tables, coefficients) = match kind >> 4 {
                0 => (&mut self.dc, false),
                1 => (&mut self.ac, true),
                _ => return None,
            };
            *tables.get_mut(usize::from(kind & 15))? = Some(Table::new(counts, symbols, coefficients)?);
            body = rest;
        }
        Some(())
    }

    /// B.2.3: all components, in their order, all coefficients, at full precision.
    fn scan(&mut self, body: &[u8]) -> Option<()> {
        let [count, rest @ ..] = body else { return None };
        let (listed, end) = rest.split_at_checked(usize::from(*count) * 2)?;
        let listed = listed.as_chunks::<2>().0;
        if self.components.is_empty() || listed.len() != self.components.len() || end != [0, 63, 0] {
            return None;
        }
        for (component, &[id, tables]) in self.components.iter_mut().zip(listed) {
            (component.dc, component.ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            let known = self.dc.get(component.dc)?.is_some() && self.ac.get(component.ac)?.is_some();
            if id != component.id || !known {
                return None;
            }
        }
        Some(())
    }
}

/// B.2.4.1: any number of tables, of bytes or of words, none of them zero.
fn quantization(mut body: &[u8], steps: &mut [Option<[u16; 64]>; 4]) -> Option<()> {
    while let [kind, rest @ ..] = body {
        let wide = match kind >> 4 {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (listed, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
        let mut table = [0; 64];
        for (index, place) in TRANSPOSED.iter().enumerate() {
            let step = if wide { be16(listed, index * 2)? } else { listed[index].into() };
            // A step of zero is no step.
            table[usize::from(*place)] = (step != 0).then_some(step)?;
        }
        *steps.get_mut(usize::from(kind & 15))? = Some(table);
        body = rest;
    }
    Some(())
}

//! Huffman tables made for one picture (ITU-T T.81 Annex K.2).

/// How often each symbol of one table occurs.
pub(super) type Counts = [u32; 256];

pub(super) struct Table {
    /// Numbers of codes of length 1 to 16.
    pub(super) lengths: [u8; 16],
    /// By length, then by value.
    pub(super) symbols: Vec<u8>,
    /// By symbol: the code above five bits of its length.
    codes: [u32; 256],
}

impl Table {
    /// Returns the shortest codes of at most 16 bits for what occurs.
    pub(super) fn new(counts: &Counts) -> Self {
        let mut sized: Vec<(u32, u8)> = sizes(counts);
        sized.sort_unstable();
        let lengths = limited(&sized);
        let symbols: Vec<u8> = sized.iter().map(|&(_, symbol)| symbol).collect();
        let mut codes = [0; 256];
        let (mut code, mut index) = (0u32, 0);
        for (length, &count) in (1..).zip(&lengths) {
            for &symbol in &symbols[index..index + usize::from(count)] {
                codes[usize::from(symbol)] = code << 5 | length;
                code += 1;
            }
            index += usize::from(count);
            code <<= 1;
        }
        Table { lengths, symbols, codes }
    }

    /// Returns the code and its length.
    #[inline(always)]
    pub(super) fn code(&self, symbol: u8) -> (u32, u32) {
        let entry = self.codes[usize::from(symbol)];
        (entry >> 5, entry & 31)
    }
}

/// Figure K.1: the lengths of unlimited codes, with the symbols that occur.
fn sizes(counts: &Counts) -> Vec<(u32, u8)> {
    // One more, so that no code consists of ones alone; as the rarest it takes one of the longest codes.
    let occurring = (0..=255u8).filter(|&symbol| counts[usize::from(symbol)] > 0);
    let occurring: Vec<u8> = occurring.collect();
    let mut weights: Vec<u64> = vec![1];
    weights.extend(occurring.iter().map(|&symbol| u64::from(counts[usize::from(symbol)]) << 1));
    let mut parents: Vec<Option<usize>> = vec![None; weights.len()];
    // From the heaviest to the lightest; the order of equals depends on nothing but the counts.
    let mut roots: Vec<(u64, usize)> = weights.into_iter().zip(0..).collect();
    roots.sort_unstable_by(|a, b| b.cmp(a));
    while let (Some((weight, node)), Some((other_weight, other))) = (roots.pop(), roots.pop()) {
        let joined = (weight + other_weight, parents.len());
        (parents[node], parents[other]) = (Some(joined.1), Some(joined.1));
        parents.push(None);
        roots.insert(roots.partition_point(|&root| root > joined), joined);
    }
    let depth = |leaf: usize| std::iter::successors(parents[leaf], |&node| parents[node]).count() as u32;
    // The reserved leaf is one of the deepest: dropping it leaves the others as they are.
    occurring.iter().enumerate().map(|(index, &symbol)| (depth(index + 1), symbol)).collect()
}

/// Figure K.3: shortens codes of more than 16 bits at the cost of some shorter ones. The reserved code counts as well.
fn limited(sized: &[(u32, u8)]) -> [u8; 16] {
    let longest = sized.last().map_or(1, |&(length, _)| length as usize);
    let mut counts = vec![0u32; longest.max(16) + 1];
    sized.iter().for_each(|&(length, _)| counts[length as usize] += 1);
    counts[longest] += 1;
    for length in (17..counts.len()).rev() {
        while counts[length] > 0 {
            let Some(shorter) = (1..length - 1).rev().find(|&shorter| counts[shorter] > 0) else { break };
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    if let Some(reserved) = counts.iter().rposition(|&count| count > 0) {
        counts[reserved] -= 1;
    }
    std::array::from_fn(|index| counts[index + 1] as u8)
}

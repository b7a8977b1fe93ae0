//! From the recognizer's probabilities to text: connectionist temporal classification (Graves 2006), the likeliest path.

/// What the numbers of one step stand for: nothing, the characters of the model's own list, and a blank between words.
pub(super) struct Alphabet(Vec<String>);

/// A line of text, and how sure the recognizer is: the mean over its characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub text: String,
    pub confidence: f32,
}

impl Alphabet {
    /// Takes the characters, one a line.
    pub fn new(lines: &str) -> Self {
        let known = lines.lines().map(str::to_owned);
        Alphabet(std::iter::once(String::new()).chain(known).chain([" ".to_owned()]).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads steps of `len` probabilities each. Steps of the same character are one; nothing between them makes them two.
    pub fn decode(&self, steps: &[f32]) -> Read {
        let (mut text, mut sum, mut n_read, mut before) = (String::new(), 0.0, 0_u32, 0);
        for step in steps.chunks_exact(self.len()) {
            let likeliest = step.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let Some((index, probability)) = likeliest else { continue };
            if index != 0 && index != before {
                text.push_str(&self.0[index]);
                sum += probability;
                n_read += 1;
            }
            before = index;
        }
        Read { text, confidence: if n_read == 0 { 0.0 } else { sum / n_read as f32 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(path: &[(usize, f32)]) -> Read {
        let alphabet = Alphabet::new("a\nb\n");
        assert_eq!(alphabet.len(), 4);
        let steps: Vec<f32> = path
            .iter()
            .flat_map(|(index, probability)| {
                let mut step = [0.0; 4];
                step[*index] = *probability;
                step
            })
            .collect();
        alphabet.decode(&steps)
    }

    #[test]
    fn repeats_are_one_unless_nothing_is_between_them() {
        let read = decode(&[(0, 1.0), (1, 0.9), (1, 0.2), (0, 1.0), (1, 0.7), (3, 0.8), (2, 0.6), (2, 0.6)]);
        assert_eq!(read.text, "aa b");
        assert!((read.confidence - 0.75).abs() < 1e-6, "{read:?}");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(decode(&[(0, 1.0), (0, 1.0)]), Read { text: String::new(), confidence: 0.0 });
        assert_eq!(decode(&[]).text, "");
        // A cut step is not read.
        assert_eq!(Alphabet::new("a\nb").decode(&[0.0, 1.0, 0.0, 0.0, 0.0, 1.0]).text, "a");
    }
}

//! Embeddings of texts by all-MiniLM-L6-v2: the mean over a text's tokens, of length 1.

mod wordpiece;

use super::network::Network;
use crate::folder::Folder;
use crate::manifest::Model;
use anyhow::{Result, ensure};
pub use wordpiece::{Tokens, WordPiece};

pub(super) const DIMENSIONS: usize = 384;

/// Tokens, as its authors set it; more of a text is not read.
const MAX_TOKENS: usize = 256;

pub(super) struct Embedder {
    network: Network,
    tokenizer: WordPiece,
}

/// A text's embedding.
pub(super) struct Embedded {
    pub vector: Vec<f32>,
    /// Tokens that were read.
    pub n_tokens: usize,
    /// Whether there were more.
    pub is_cut: bool,
}

impl Embedder {
    pub fn load(folder: &Folder, model: &Model) -> Result<Self> {
        let network = Network::load(folder.read(model, "model.onnx")?)?;
        Ok(Embedder { network, tokenizer: WordPiece::parse(&folder.read(model, "tokenizer.json")?)? })
    }

    pub fn embed(&self, text: &str) -> Result<Embedded> {
        let Tokens { ids, is_cut } = self.tokenizer.tokenize(text, MAX_TOKENS);
        let (ones, zeros) = (vec![1; ids.len()], vec![0; ids.len()]);
        let rows = [("input_ids", &ids[..]), ("attention_mask", &ones), ("token_type_ids", &zeros)];
        let found = self.network.run_rows::<3>(&rows)?;
        ensure!(found.shape == [1, ids.len(), DIMENSIONS], "the model answers {:?}", found.shape);
        let mut vector = vec![0.0; DIMENSIONS];
        for token in found.data.chunks_exact(DIMENSIONS) {
            vector.iter_mut().zip(token).for_each(|(sum, value)| *sum += value);
        }
        // The length of the sum is as good as the mean's: it is taken out.
        normalize(&mut vector);
        Ok(Embedded { vector, n_tokens: ids.len(), is_cut })
    }
}

/// Gives a vector the length 1, unless it has none.
pub(super) fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_gets_the_length_1() {
        let mut vector = [3.0, 4.0];
        normalize(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        let mut nothing = [0.0; 2];
        normalize(&mut nothing);
        assert_eq!(nothing, [0.0; 2]);
    }
}

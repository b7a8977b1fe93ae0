//! The two networks of Whisper: what is heard of a window, and what is said of it, token by token.

use anyhow::{Context, Result, ensure};
use rten::{Model, NodeId, Value, ValueOrView};

/// Mel bins of a frame.
pub(super) const MELS: usize = 80;

/// The longest window: 30 s. A position of the encoder is two frames of the spectrogram.
pub(super) const MAX_POSITIONS: usize = 1500;

/// Tokens that a decoder can keep in mind.
pub(super) const MAX_TOKENS: usize = 448;

/// Numbers of a key or value, in all sizes of Whisper.
const HEAD: usize = 64;

pub(super) struct Networks {
    encoder: Model,
    decoder: Model,
    mel: NodeId,
    positions: NodeId,
    tokens: NodeId,
    places: NodeId,
    wanted: NodeId,
    mask: NodeId,
    logits: NodeId,
    layers: Vec<Layer>,
    /// Outputs of the encoder: each layer's keys and values.
    heard: Vec<NodeId>,
    n_heads: usize,
}

/// A layer's places in the decoder.
struct Layer {
    key: NodeId,
    value: NodeId,
    key_now: NodeId,
    value_now: NodeId,
    cross_key: NodeId,
    cross_value: NodeId,
    heard: NodeId,
}

/// What the encoder made of a window.
pub(super) struct Heard {
    /// Keys and values of each layer of the decoder.
    cross: Vec<Value>,
    n_positions: usize,
}

/// One head of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub layer: usize,
    pub head: usize,
}

/// How much one head looks at each position, before it becomes shares: a row for each token.
pub(super) struct Looks {
    pub rows: Vec<f32>,
}

impl Networks {
    pub fn load(encoder: Vec<u8>, decoder: Vec<u8>) -> Result<Self> {
        let encoder = Model::load(encoder).context("the encoder cannot be loaded")?;
        let decoder = Model::load(decoder).context("the decoder cannot be loaded")?;
        let n_layers = (0..).take_while(|layer| decoder.find_node(&format!("heard.{layer}")).is_some()).count();
        let heard = |layer| ["key", "value"].map(|what| encoder.node_id(&format!("cross_{what}.{layer}")));
        let heard: Result<Vec<NodeId>, _> = (0..n_layers).flat_map(heard).collect();
        let at = |name: &str| decoder.node_id(name);
        let layer = |layer: usize| -> Result<Layer> {
            let at = |name: &str| at(&format!("{name}.{layer}"));
            Ok(Layer {
                key: at("key")?,
                value: at("value")?,
                key_now: at("key_now")?,
                value_now: at("value_now")?,
                cross_key: at("cross_key")?,
                cross_value: at("cross_value")?,
                heard: at("heard")?,
            })
        };
        let layers: Vec<Layer> = (0..n_layers).map(layer).collect::<Result<_>>()?;
        let first = layers.first().context("the decoder has no layers")?.key;
        let shape = decoder.node_info(first).and_then(|info| info.shape()).context("a key has no shape")?;
        let n_heads = match shape.first() {
            Some(rten::Dimension::Fixed(n)) => *n,
            _ => anyhow::bail!("the number of heads is not known"),
        };
        Ok(Networks {
            heard: heard?,
            mel: encoder.node_id("mel")?,
            positions: encoder.node_id("positions")?,
            tokens: at("tokens")?,
            places: at("places")?,
            wanted: at("wanted")?,
            mask: at("mask")?,
            logits: at("logits")?,
            layers,
            n_heads,
            encoder,
            decoder,
        })
    }

    /// Hears a window of `2 * n_positions` frames: `MELS` rows, one after the other.
    pub fn hear(&self, mel: Vec<f32>, n_positions: usize) -> Result<Heard> {
        ensure!(n_positions <= MAX_POSITIONS, "a window has at most {MAX_POSITIONS} positions");
        let mel = Value::from_shape([1, MELS, 2 * n_positions], mel).context("the window has another size")?;
        let inputs = vec![(self.mel, mel.into()), (self.positions, counted(0, n_positions)?.into())];
        let cross = self.encoder.run(inputs, &self.heard, None).context("the encoder failed")?;
        Ok(Heard { cross, n_positions })
    }

    /// Begins to say what was heard.
    pub fn say<'a>(&'a self, heard: &'a Heard) -> Result<Speech<'a>> {
        let none = || Value::from_shape([self.n_heads, 0, HEAD], Vec::<f32>::new()).context("no keys have no shape");
        let memory = (0..2 * self.layers.len()).map(|_| none()).collect::<Result<_>>()?;
        Ok(Speech { networks: self, heard, memory, n_tokens: 0 })
    }
}

/// What is being said of a window.
pub(super) struct Speech<'a> {
    networks: &'a Networks,
    heard: &'a Heard,
    /// Keys and values of each layer, of the tokens until now.
    memory: Vec<Value>,
    n_tokens: usize,
}

impl Speech<'_> {
    /// Takes tokens, and returns the scores of what may follow each of the `wanted`: one row for each, one after the other.
    pub fn go_on(&mut self, tokens: &[i32], wanted: &[i32]) -> Result<Vec<f32>> {
        let mut outputs = vec![self.networks.logits];
        outputs.extend(self.networks.layers.iter().flat_map(|layer| [layer.key_now, layer.value_now]));
        let memory = std::mem::take(&mut self.memory);
        let mut found = self.run(memory, tokens, wanted, &outputs)?.into_iter();
        let logits = found.next().context("the decoder says nothing")?;
        self.memory = found.collect();
        self.n_tokens += tokens.len();
        floats(logits)
    }

    /// Takes all tokens of a window at once, and returns the scores after each and where each of the heads looks. It is the end.
    pub fn look(mut self, tokens: &[i32], heads: &[Head]) -> Result<(Vec<f32>, Vec<Looks>)> {
        let mut outputs = vec![self.networks.logits];
        let mut layers: Vec<usize> = heads.iter().map(|head| head.layer).collect();
        layers.dedup();
        for layer in &layers {
            outputs.push(self.networks.layers.get(*layer).context("there is no such layer")?.heard);
        }
        let wanted: Vec<i32> = (0..tokens.len() as i32).collect();
        let memory = std::mem::take(&mut self.memory);
        let mut found = self.run(memory, tokens, &wanted, &outputs)?.into_iter();
        let logits = floats(found.next().context("the decoder says nothing")?)?;
        let size = tokens.len() * self.heard.n_positions;
        let mut looks = Vec::new();
        for (layer, found) in layers.iter().zip(found) {
            let all = floats(found)?;
            for head in heads.iter().filter(|head| head.layer == *layer) {
                let rows = all.get(head.head * size..(head.head + 1) * size).context("there is no such head")?.to_vec();
                looks.push(Looks { rows });
            }
        }
        Ok((logits, looks))
    }

    fn run(&self, memory: Vec<Value>, tokens: &[i32], wanted: &[i32], outputs: &[NodeId]) -> Result<Vec<Value>> {
        let (n, before) = (tokens.len(), self.n_tokens);
        ensure!(before + n <= MAX_TOKENS, "a window has at most {MAX_TOKENS} tokens");
        // Nobody looks at what comes after.
        let mut mask = vec![0.0f32; n * (before + n)];
        for (row, mask) in mask.chunks_exact_mut(before + n).enumerate() {
            mask[before + row + 1..].fill(f32::NEG_INFINITY);
        }
        let networks = self.networks;
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![
            (networks.tokens, row(tokens)?.into()),
            (networks.places, counted(before, n)?.into()),
            (networks.wanted, row(wanted)?.into()),
            (networks.mask, Value::from_shape([n, before + n], mask).context("the mask has another size")?.into()),
        ];
        let mut memory = memory.into_iter();
        for (layer, heard) in networks.layers.iter().zip(self.heard.cross.as_chunks::<2>().0) {
            inputs.extend(memory.next().map(|key| (layer.key, key.into())));
            inputs.extend(memory.next().map(|value| (layer.value, value.into())));
            inputs.push((layer.cross_key, (&heard[0]).into()));
            inputs.push((layer.cross_value, (&heard[1]).into()));
        }
        networks.decoder.run(inputs, outputs, None).context("the decoder failed")
    }
}

fn row(numbers: &[i32]) -> Result<Value> {
    Value::from_shape([numbers.len()], numbers.to_vec()).context("a row has another size")
}

fn counted(from: usize, n: usize) -> Result<Value> {
    let numbers: Vec<i32> = (from..from + n).map(|at| at as i32).collect();
    row(&numbers)
}

fn floats(value: Value) -> Result<Vec<f32>> {
    let tensor = value.into_tensor::<f32>().context("the network's answer is of another type")?;
    Ok(tensor.into_data())
}

//! Whisper from its weights: the networks are written down here, because a file of weights does not say what is done with them (paper:
//! arXiv 2212.04356, section 2.2).
//!
//! There are two. The encoder hears a window of sound; with it come the keys and values that every layer of the decoder looks at, which
//! are the same for all words of the window. The decoder takes the tokens that are new, and the keys and values of those that are not.

use super::ctranslate2::{self, Tensor};
use super::onnx::{Attribute, Graph, Kind, Size};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeSet, HashMap};

/// Version of ONNX's operators: the first that has GELU.
const OPSET: i64 = 20;

/// Bins of the spectrogram.
const MELS: i64 = 80;

/// Width of an attention head, in all sizes of Whisper.
const HEAD: usize = 64;

/// Sizes that only a run knows.
const FRAMES: Size<'_> = Size::Named("frames");
const POSITIONS: Size<'_> = Size::Named("positions");
const TOKENS: Size<'_> = Size::Named("tokens");
const PAST: Size<'_> = Size::Named("past");
const ALL: Size<'_> = Size::Named("all");
const WANTED: Size<'_> = Size::Named("wanted");

/// Returns the encoder: `mel` and `positions` to `cross_key.N` and `cross_value.N`.
pub(super) fn encoder(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut network = Network::read(bytes)?;
    network.graph.input_of("mel", Kind::Float, &[Size::Is(1), Size::Is(MELS), FRAMES]);
    network.graph.input_of("positions", Kind::Int, &[POSITIONS]);
    network.constants();
    let mut at = network.convolution("mel", 1)?;
    at = network.convolution(&at, 2)?;
    network.graph.numbers("first", &[0]);
    at = network.node("Squeeze", &[&at, "first"], &[]);
    at = network.node("Transpose", &[&at], &[("perm", Attribute::Ints(&[1, 0]))]);
    let places = network.weights("encoder/position_encodings/encodings")?;
    let places = network.node("Gather", &[&places, "positions"], &[]);
    at = network.node("Add", &[&at, &places], &[]);
    for layer in 0..network.layers("encoder")? {
        let name = format!("encoder/layer_{layer}");
        let normal = network.norm(&at, &format!("{name}/self_attention/layer_norm"))?;
        let [q, k, v] = network.query_key_value(&normal, &format!("{name}/self_attention/linear_0"))?;
        let heard = network.attend(&q, &k, &v, None, None)?;
        at = network.plus_linear(&at, &heard, &format!("{name}/self_attention/linear_1"))?;
        at = network.feed_forward(&at, &name)?;
    }
    at = network.norm(&at, "encoder/layer_norm")?;
    for layer in 0..network.layers("decoder")? {
        let both = network.linear(&at, &format!("decoder/layer_{layer}/attention/linear_1"))?;
        let [key, value] = network.split(&both)?;
        for (name, from) in [("key", key), ("value", value)] {
            let name = format!("cross_{name}.{layer}");
            network.heads(&from, Some(&name));
            network.graph.output_of(&name, &network.shape(POSITIONS));
        }
    }
    Ok(network.graph.finish("whisper-encoder", OPSET))
}

/// Returns the decoder. For each layer it takes `key.N`, `value.N` of the tokens before and gives `key_now.N`, `value_now.N`; `heard.N`
/// is how much each head looks at each position, before it becomes shares. `logits` has the rows of the tokens that are `wanted`.
pub(super) fn decoder(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut network = Network::read(bytes)?;
    for (name, size) in [("tokens", TOKENS), ("places", TOKENS), ("wanted", WANTED)] {
        network.graph.input_of(name, Kind::Int, &[size]);
    }
    network.graph.input_of("mask", Kind::Float, &[TOKENS, ALL]);
    network.constants();
    let words = network.weights("decoder/embeddings/weight")?;
    let places = network.weights("decoder/position_encodings/encodings")?;
    let places = network.node("Gather", &[&places, "places"], &[]);
    let mut at = network.node("Gather", &[&words, "tokens"], &[]);
    at = network.node("Add", &[&at, &places], &[]);
    for layer in 0..network.layers("decoder")? {
        let name = format!("decoder/layer_{layer}");
        let normal = network.norm(&at, &format!("{name}/self_attention/layer_norm"))?;
        let [q, k, v] = network.query_key_value(&normal, &format!("{name}/self_attention/linear_0"))?;
        let [k, v] = [("key", k), ("value", v)].map(|(what, new)| network.remember(what, layer, &new));
        let said = network.attend(&q, &k, &v, Some("mask"), None)?;
        at = network.plus_linear(&at, &said, &format!("{name}/self_attention/linear_1"))?;

        let normal = network.norm(&at, &format!("{name}/attention/layer_norm"))?;
        let q = network.linear(&normal, &format!("{name}/attention/linear_0"))?;
        let q = network.heads(&q, None);
        let [k, v] = ["key", "value"].map(|what| {
            let name = format!("cross_{what}.{layer}");
            network.graph.input_of(&name, Kind::Float, &network.shape(POSITIONS));
            name
        });
        let output = format!("heard.{layer}");
        let heard = network.attend(&q, &k, &v, None, Some(&output))?;
        network.graph.output_of(&output, &[Size::Is(network.n_heads()), TOKENS, POSITIONS]);
        at = network.plus_linear(&at, &heard, &format!("{name}/attention/linear_2"))?;
        at = network.feed_forward(&at, &name)?;
    }
    at = network.node("Gather", &[&at, "wanted"], &[]);
    at = network.norm(&at, "decoder/layer_norm")?;
    let n_words = network.tensor("decoder/embeddings/weight")?.shape[0] as i64;
    network.graph.node("Gemm", &[&at, &words], "logits", &[("transB", Attribute::Int(1))]);
    network.graph.output_of("logits", &[WANTED, Size::Is(n_words)]);
    Ok(network.graph.finish("whisper-decoder", OPSET))
}

struct Network<'a> {
    tensors: HashMap<&'a str, Tensor<'a>>,
    graph: Graph,
    /// Tensors that the graph has already.
    written: BTreeSet<String>,
    /// Width of the network.
    width: usize,
    n_nodes: usize,
}

impl<'a> Network<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let tensors = ctranslate2::read(bytes, "WhisperSpec")?;
        let mut network = Network { tensors, graph: Graph::default(), written: BTreeSet::new(), width: 0, n_nodes: 0 };
        let words = network.tensor("decoder/embeddings/weight")?;
        ensure!(words.shape.len() == 2 && words.shape[1].is_multiple_of(HEAD), "the embeddings have another shape");
        network.width = words.shape[1];
        Ok(network)
    }

    fn n_heads(&self) -> i64 {
        (self.width / HEAD) as i64
    }

    /// Of keys and values.
    fn shape(&self, length: Size<'static>) -> [Size<'static>; 3] {
        [Size::Is(self.n_heads()), length, Size::Is(HEAD as i64)]
    }

    /// What all layers use.
    fn constants(&mut self) {
        self.graph.numbers("to_heads", &[0, self.n_heads(), HEAD as i64]);
        self.graph.numbers("from_heads", &[0, self.width as i64]);
        self.graph.weights("scale", &[], &[(HEAD as f32).sqrt().recip()]);
    }

    fn tensor(&self, name: &str) -> Result<&Tensor<'a>> {
        self.tensors.get(name).with_context(|| format!("the weights `{name}` are missing"))
    }

    fn layers(&self, part: &str) -> Result<usize> {
        let has = |layer: &usize| self.tensors.contains_key(&*format!("{part}/layer_{layer}/ffn/linear_0/weight"));
        let n = (0..).take_while(has).count();
        ensure!(n > 0, "the {part} has no layers");
        Ok(n)
    }

    /// Adds weights and returns the name of their full precision. They stay half as large in the file, as they came.
    fn weights(&mut self, name: &str) -> Result<String> {
        let tensor = self.tensors.get(name).with_context(|| format!("the weights `{name}` are missing"))?;
        let kind = tensor.kind.with_context(|| format!("`{name}` are no weights"))?;
        let full = format!("{name}:full");
        let name_here = if kind == Kind::Half { name } else { &full };
        if self.written.insert(name.to_owned()) {
            self.graph.tensor(name_here, kind, &tensor.shape, tensor.raw);
            if kind == Kind::Half {
                self.graph.node("Cast", &[name], &full, &[("to", Attribute::Int(Kind::Float as i64))]);
            }
        }
        Ok(full)
    }

    fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute<'_>)]) -> String {
        self.n_nodes += 1;
        self.graph.node(operator, inputs, &format!("v{}", self.n_nodes), attributes)
    }

    /// A convolution over time. The second halves the frames.
    fn convolution(&mut self, input: &str, n: i64) -> Result<String> {
        let [weights, bias] = ["weight", "bias"].map(|part| self.weights(&format!("encoder/conv{n}/{part}")));
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[3])),
            ("pads", Attribute::Ints(&[1, 1])),
            ("strides", Attribute::Ints(&[n])),
        ];
        let at = self.node("Conv", &[input, &weights?, &bias?], &attributes);
        Ok(self.node("Gelu", &[&at], &[]))
    }

    fn norm(&mut self, input: &str, name: &str) -> Result<String> {
        let [gain, shift] = ["gamma", "beta"].map(|part| self.weights(&format!("{name}/{part}")));
        Ok(self.node("LayerNormalization", &[input, &gain?, &shift?], &[("axis", Attribute::Int(-1))]))
    }

    fn linear(&mut self, input: &str, name: &str) -> Result<String> {
        let [weights, bias] = ["weight", "bias"].map(|part| self.weights(&format!("{name}/{part}")));
        Ok(self.node("Gemm", &[input, &weights?, &bias?], &[("transB", Attribute::Int(1))]))
    }

    fn plus_linear(&mut self, at: &str, input: &str, name: &str) -> Result<String> {
        let more = self.linear(input, name)?;
        Ok(self.node("Add", &[at, &more], &[]))
    }

    fn feed_forward(&mut self, at: &str, layer: &str) -> Result<String> {
        let normal = self.norm(at, &format!("{layer}/ffn/layer_norm"))?;
        let wide = self.linear(&normal, &format!("{layer}/ffn/linear_0"))?;
        let wide = self.node("Gelu", &[&wide], &[]);
        self.plus_linear(at, &wide, &format!("{layer}/ffn/linear_1"))
    }

    fn split<const N: usize>(&mut self, input: &str) -> Result<[String; N]> {
        self.n_nodes += 1;
        let outputs: [String; N] = std::array::from_fn(|part| format!("v{}.{part}", self.n_nodes));
        let sizes = format!("split{N}");
        if self.written.insert(sizes.clone()) {
            self.graph.numbers(&sizes, &[self.width as i64; N]);
        }
        let names = outputs.each_ref().map(String::as_str);
        self.graph.node_of_many("Split", &[input, &sizes], &names, &[("axis", Attribute::Int(1))]);
        Ok(outputs)
    }

    fn query_key_value(&mut self, input: &str, name: &str) -> Result<[String; 3]> {
        let all = self.linear(input, name)?;
        let parts = self.split::<3>(&all)?;
        Ok(parts.map(|part| self.heads(&part, None)))
    }

    /// From rows of all heads to rows of each head.
    fn heads(&mut self, input: &str, name: Option<&str>) -> String {
        let apart = self.node("Reshape", &[input, "to_heads"], &[]);
        let attributes = [("perm", Attribute::Ints(&[1, 0, 2]))];
        match name {
            Some(name) => self.graph.node("Transpose", &[&apart], name, &attributes),
            None => self.node("Transpose", &[&apart], &attributes),
        }
    }

    /// Puts new keys or values behind those of the tokens before.
    fn remember(&mut self, what: &str, layer: usize, new: &str) -> String {
        let (before, now) = (format!("{what}.{layer}"), format!("{what}_now.{layer}"));
        self.graph.input_of(&before, Kind::Float, &self.shape(PAST));
        self.graph.output_of(&now, &self.shape(ALL));
        self.graph.node("Concat", &[&before, new], &now, &[("axis", Attribute::Int(1))])
    }

    /// Attention of all heads; `scores` names what each looks at.
    fn attend(&mut self, q: &str, k: &str, v: &str, mask: Option<&str>, scores: Option<&str>) -> Result<String> {
        let keys = self.node("Transpose", &[k], &[("perm", Attribute::Ints(&[0, 2, 1]))]);
        let q = self.node("Mul", &[q, "scale"], &[]);
        let mut at = match scores {
            Some(name) => self.graph.node("MatMul", &[&q, &keys], name, &[]),
            None => self.node("MatMul", &[&q, &keys], &[]),
        };
        if let Some(mask) = mask {
            at = self.node("Add", &[&at, mask], &[]);
        }
        at = self.node("Softmax", &[&at], &[("axis", Attribute::Int(-1))]);
        at = self.node("MatMul", &[&at, v], &[]);
        at = self.node("Transpose", &[&at], &[("perm", Attribute::Ints(&[1, 0, 2]))]);
        Ok(self.node("Reshape", &[&at, "from_heads"], &[]))
    }
}

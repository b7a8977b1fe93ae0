//! EfficientNet-Lite0 from its weights: the network is written down here, because a file of weights does not say what is done with them.
//! The table is that of the paper (arXiv 1905.11946, table 1) without squeeze-and-excitation and with ReLU6, which is what "Lite" means.

use super::onnx::{Attribute, Graph};
use super::torch::{self, Tensor};
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;

/// Of TensorFlow's batch normalization, where the weights were trained.
const EPSILON: f32 = 1e-3;

/// Version of ONNX's operators.
const OPSET: i64 = 13;

/// Pixels of the input's edges.
const INPUT: i64 = 224;
const FEATURES: i64 = 1280;
const CLASSES: i64 = 1000;

/// A run of blocks.
struct Stage {
    repeats: usize,
    kernel: i64,
    stride: i64,
    expand: usize,
    from: usize,
    to: usize,
}

const fn stage(repeats: usize, kernel: i64, stride: i64, expand: usize, from: usize, to: usize) -> Stage {
    Stage { repeats, kernel, stride, expand, from, to }
}

const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 1, 32, 16),
    stage(2, 3, 2, 6, 16, 24),
    stage(2, 5, 2, 6, 24, 40),
    stage(3, 3, 2, 6, 40, 80),
    stage(3, 5, 1, 6, 80, 112),
    stage(4, 5, 2, 6, 112, 192),
    stage(1, 3, 1, 6, 192, 320),
];

pub(super) fn convert(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut network = Network { weights: torch::read(bytes)?, graph: Graph::default(), n_convolutions: 0 };
    network.graph.input("input", &[1, 3, INPUT, INPUT]);
    network.graph.weights("zero", &[], &[0.0]);
    network.graph.weights("six", &[], &[6.0]);
    let stem = Convolution { weights: "_conv_stem", norm: "_bn0", kernel: 3, stride: 2, groups: 1, is_active: true };
    let mut at = network.convolution("input", &stem)?;
    let mut block = 0;
    for stage in &STAGES {
        for repeat in 0..stage.repeats {
            at = network.block(&at, stage, repeat, block)?;
            block += 1;
        }
    }
    let head = Convolution { weights: "_conv_head", norm: "_bn1", kernel: 1, stride: 1, groups: 1, is_active: true };
    at = network.convolution(&at, &head)?;
    network.classify(&at)?;
    Ok(network.graph.finish("efficientnet-lite0", OPSET))
}

struct Convolution<'a> {
    weights: &'a str,
    norm: &'a str,
    kernel: i64,
    stride: i64,
    groups: i64,
    is_active: bool,
}

struct Network {
    weights: HashMap<String, Tensor>,
    graph: Graph,
    n_convolutions: usize,
}

impl Network {
    fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.weights.get(name).with_context(|| format!("the weights `{name}` are missing"))
    }

    /// An inverted bottleneck: wider, apart by channel, narrower again; added to its input where the shapes agree.
    fn block(&mut self, input: &str, stage: &Stage, repeat: usize, block: usize) -> Result<String> {
        let from = if repeat == 0 { stage.from } else { stage.to };
        let stride = if repeat == 0 { stage.stride } else { 1 };
        let name = |part: &str| format!("_blocks.{block}.{part}");
        let mut at = input.to_owned();
        if stage.expand != 1 {
            let (weights, norm) = (name("_expand_conv"), name("_bn0"));
            let expand =
                Convolution { weights: &weights, norm: &norm, kernel: 1, stride: 1, groups: 1, is_active: true };
            at = self.convolution(&at, &expand)?;
        }
        let (weights, norm) = (name("_depthwise_conv"), name("_bn1"));
        let groups = (from * stage.expand) as i64;
        let depthwise =
            Convolution { weights: &weights, norm: &norm, kernel: stage.kernel, stride, groups, is_active: true };
        at = self.convolution(&at, &depthwise)?;
        let (weights, norm) = (name("_project_conv"), name("_bn2"));
        let project = Convolution { weights: &weights, norm: &norm, kernel: 1, stride: 1, groups: 1, is_active: false };
        at = self.convolution(&at, &project)?;
        if stride == 1 && from == stage.to {
            at = self.graph.node("Add", &[&at, input], &format!("sum{block}"), &[]);
        }
        Ok(at)
    }

    /// A convolution, the batch normalization behind it folded into its weights, and ReLU6.
    fn convolution(&mut self, input: &str, what: &Convolution<'_>) -> Result<String> {
        self.n_convolutions += 1;
        let n = self.n_convolutions;
        let Tensor { shape, mut data } = self.tensor(&format!("{}.weight", what.weights))?.clone();
        ensure!(
            shape.len() == 4 && shape[2] as i64 == what.kernel && shape[3] as i64 == what.kernel,
            "`{}` has another shape",
            what.weights
        );
        let channels = shape[0];
        let norm = |part: &str| -> Result<&[f32]> {
            let tensor = self.tensor(&format!("{}.{part}", what.norm))?;
            ensure!(tensor.data.len() == channels, "`{}.{part}` has another shape", what.norm);
            Ok(&tensor.data)
        };
        let (gain, shift, mean, variance) =
            (norm("weight")?, norm("bias")?, norm("running_mean")?, norm("running_var")?);
        let mut bias = Vec::with_capacity(channels);
        let per_channel = data.len() / channels.max(1);
        for (channel, weights) in data.chunks_exact_mut(per_channel.max(1)).enumerate() {
            let scale = gain[channel] / (variance[channel] + EPSILON).sqrt();
            weights.iter_mut().for_each(|weight| *weight *= scale);
            bias.push(shift[channel] - mean[channel] * scale);
        }
        let (weights_name, bias_name) = (format!("weights{n}"), format!("bias{n}"));
        self.graph.weights(&weights_name, &shape, &data);
        self.graph.weights(&bias_name, &[channels], &bias);
        let attributes = [
            ("auto_pad", Attribute::Text("SAME_UPPER")),
            ("group", Attribute::Int(what.groups)),
            ("kernel_shape", Attribute::Ints(&[what.kernel, what.kernel])),
            ("strides", Attribute::Ints(&[what.stride, what.stride])),
        ];
        let inputs = [input, &weights_name, &bias_name];
        let mut at = self.graph.node("Conv", &inputs, &format!("conv{n}"), &attributes);
        if what.is_active {
            at = self.graph.node("Clip", &[&at, "zero", "six"], &format!("relu{n}"), &[]);
        }
        Ok(at)
    }

    fn classify(&mut self, at: &str) -> Result<()> {
        let pooled = self.graph.node("GlobalAveragePool", &[at], "pooled", &[]);
        let features = self.graph.node("Flatten", &[&pooled], "features", &[]);
        for (name, from) in [("classifier", "_fc.weight"), ("classifier_bias", "_fc.bias")] {
            let Tensor { shape, data } = self.tensor(from)?.clone();
            self.graph.weights(name, &shape, &data);
        }
        let inputs = [features.as_str(), "classifier", "classifier_bias"];
        let scores = self.graph.node("Gemm", &inputs, "scores", &[("transB", Attribute::Int(1))]);
        self.graph.node("Softmax", &[&scores], "probabilities", &[("axis", Attribute::Int(1))]);
        self.graph.output("probabilities", &[1, CLASSES]);
        self.graph.output("features", &[1, FEATURES]);
        Ok(())
    }
}

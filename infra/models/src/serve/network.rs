//! A network that is loaded: numbers in, numbers out.

use anyhow::{Context, Result};
use rten::{Model, Value};

pub(super) struct Network(Model);

/// Numbers of `RANK` axes in row-major order.
#[derive(Clone, Debug)]
pub(super) struct Numbers<const RANK: usize> {
    pub shape: [usize; RANK],
    pub data: Vec<f32>,
}

impl Network {
    pub fn load(bytes: Vec<u8>) -> Result<Self> {
        Ok(Network(Model::load(bytes).context("the model cannot be loaded")?))
    }

    /// Returns a line of the file's own description.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.0.metadata().get(name)
    }

    /// Runs the network from its one input to its first output.
    pub fn run<const IN: usize, const OUT: usize>(&self, input: Numbers<IN>) -> Result<Numbers<OUT>> {
        let input = Value::from_shape(input.shape, input.data).context("shape and numbers do not fit")?;
        numbers(self.0.run_one(input.into(), None).context("the model failed")?)
    }

    /// Runs the network to the output of a name.
    pub fn run_to<const IN: usize, const OUT: usize>(&self, input: Numbers<IN>, output: &str) -> Result<Numbers<OUT>> {
        let input = Value::from_shape(input.shape, input.data).context("shape and numbers do not fit")?;
        let from = *self.0.input_ids().first().context("the model has no input")?;
        let to = self.0.node_id(output).context("the model has no such output")?;
        let [value] = self.0.run_n(vec![(from, input.into())], [to], None).context("the model failed")?;
        numbers(value)
    }

    /// Runs the network on rows of whole numbers, one row for each named input, to its first output.
    pub fn run_rows<const OUT: usize>(&self, rows: &[(&str, &[i32])]) -> Result<Numbers<OUT>> {
        let mut inputs = Vec::new();
        for (name, row) in rows {
            let value = Value::from_shape([1, row.len()], row.to_vec()).context("shape and numbers do not fit")?;
            inputs.push((self.0.node_id(name).context("the model has no such input")?, value.into()));
        }
        let to = *self.0.output_ids().first().context("the model has no output")?;
        let [value] = self.0.run_n(inputs, [to], None).context("the model failed")?;
        numbers(value)
    }
}

fn numbers<const RANK: usize>(value: Value) -> Result<Numbers<RANK>> {
    let (shape, data) = value.into_shape_vec::<f32, RANK>().context("the model's answer has another shape")?;
    Ok(Numbers { shape, data })
}

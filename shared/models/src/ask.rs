//! What all ports have in common, so that routes, the till and recordings are written once.

use crate::book::ImageLimits;
use crate::{
    Answer, Assessment, EmbedRequest, Embedder, Embedding, Guard, GuardRequest, ImageModel, ImageRequest, MicroUsd,
    ModelResult, PassedOver, Pictures, Receipt, Request, TextModel, TranscribeRequest, Transcriber, Transcript, Usage,
};
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a port is asked.
pub trait Question: Serialize + Send + Sync {
    type Answer: Answered;
    /// The question's name in recordings.
    const NAME: &'static str;
}

/// What a port answers.
pub trait Answered: Serialize + DeserializeOwned + Send {
    fn bill(&self) -> Bill<'_>;
    fn passed_over_mut(&mut self) -> &mut Vec<PassedOver>;
    fn warn(&mut self, warning: String);
}

/// The part of an answer that the ledger keeps.
pub struct Bill<'a> {
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub model_answered: &'a str,
    pub passed_over: &'a [PassedOver],
}

/// A port without its own verb.
#[async_trait]
pub trait Ask<Q: Question>: Send + Sync {
    fn id(&self) -> &str;
    fn check(&self, question: &Q) -> ModelResult<()>;
    fn forecast(&self, question: &Q) -> Option<MicroUsd>;
    async fn ask(&self, question: &Q, deadline_ms: u64) -> ModelResult<Q::Answer>;
}

macro_rules! port {
    ($port:ident, $verb:ident, $question:ident -> $answer:ident, $name:literal) => {
        impl Question for $question {
            type Answer = $answer;
            const NAME: &'static str = $name;
        }

        #[async_trait]
        impl Ask<$question> for dyn $port + '_ {
            fn id(&self) -> &str {
                $port::id(self)
            }

            fn check(&self, question: &$question) -> ModelResult<()> {
                $port::check(self, question)
            }

            fn forecast(&self, question: &$question) -> Option<MicroUsd> {
                $port::forecast(self, question)
            }

            async fn ask(&self, question: &$question, deadline_ms: u64) -> ModelResult<$answer> {
                self.$verb(question, deadline_ms).await
            }
        }
    };
}

port!(TextModel, generate, Request -> Answer, "text");
port!(Embedder, embed, EmbedRequest -> Embedding, "embed");
port!(ImageModel, draw, ImageRequest -> Pictures, "image");
port!(Guard, assess, GuardRequest -> Assessment, "guard");
port!(Transcriber, transcribe, TranscribeRequest -> Transcript, "transcribe");

/// Gives a type that can [`Ask`] the verb of a port.
macro_rules! speaks {
    ($type:ty: $($port:ident, $verb:ident, $question:ty $(, { $($more:tt)* })?;)+) => {$(
        #[async_trait::async_trait]
        impl $crate::$port for $type {
            fn id(&self) -> &str {
                $crate::ask::Ask::<$question>::id(self)
            }

            fn check(&self, question: &$question) -> $crate::ModelResult<()> {
                $crate::ask::Ask::check(self, question)
            }

            fn forecast(&self, question: &$question) -> Option<$crate::MicroUsd> {
                $crate::ask::Ask::forecast(self, question)
            }

            async fn $verb(
                &self,
                question: &$question,
                deadline_ms: u64,
            ) -> $crate::ModelResult<<$question as $crate::ask::Question>::Answer> {
                $crate::ask::Ask::ask(self, question, deadline_ms).await
            }

            $($($more)*)?
        }
    )+};
}
pub(crate) use speaks;

/// Returns limits within which a picture suits all models that take pictures.
pub(crate) fn smallest(limits: impl Iterator<Item = ImageLimits>) -> Option<ImageLimits> {
    limits.reduce(|a, b| ImageLimits {
        long_edge: a.long_edge.min(b.long_edge),
        bytes: a.bytes.min(b.bytes),
        count: a.count.min(b.count),
    })
}

impl Answered for Answer {
    fn bill(&self) -> Bill<'_> {
        let Answer { usage, cost, model_answered, passed_over, .. } = self;
        Bill { usage: *usage, cost: *cost, model_answered, passed_over }
    }

    fn passed_over_mut(&mut self) -> &mut Vec<PassedOver> {
        &mut self.passed_over
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}

impl Answered for Embedding {
    fn bill(&self) -> Bill<'_> {
        let Embedding { usage, cost, model_answered, passed_over, .. } = self;
        Bill { usage: *usage, cost: *cost, model_answered, passed_over }
    }

    fn passed_over_mut(&mut self) -> &mut Vec<PassedOver> {
        &mut self.passed_over
    }

    /// A point carries no words; the log has them.
    fn warn(&mut self, _: String) {}
}

/// Answers that carry a [`Receipt`].
macro_rules! receipted {
    ($($answer:ident),+) => {$(
        impl Answered for $answer {
            fn bill(&self) -> Bill<'_> {
                let Receipt { consumption, cost, model_answered, passed_over, .. } = &self.receipt;
                Bill { usage: consumption.tokens, cost: *cost, model_answered, passed_over }
            }

            fn passed_over_mut(&mut self) -> &mut Vec<PassedOver> {
                &mut self.receipt.passed_over
            }

            fn warn(&mut self, warning: String) {
                self.receipt.warnings.push(warning);
            }
        }
    )+};
}

receipted!(Pictures, Assessment, Transcript);

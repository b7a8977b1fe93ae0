//! One part of a recording: its sound goes to a model, its words come back.

use crate::{Transcribe, Words, sanity};
use asset::ids::Sha256;
use asset::recording::{HearSpec, Heard, HeardBy};
use asset::refusal::Refusal;
use asset::task::Task;
use bytes::Bytes;
use models::{Audio, TranscribeRequest, Transcript, Word};
use runtime::{Context, Failure};
use std::time::Duration;
use vision::{failed, no_model, task_work};

/// What a call may take: seven minutes of sound, on a small machine of one's own.
const CALL: Duration = Duration::from_secs(600);

/// The name of a part's words.
pub(crate) const WORDS: &str = "words.json";

impl Transcribe {
    pub(crate) async fn hear(
        &self,
        task: &Task,
        spec: &HearSpec,
        context: &Context,
    ) -> Result<Result<Heard, Refusal>, Failure> {
        let model = match self.models.transcriber(&spec.model) {
            Ok(model) => model,
            Err(error) => return Ok(Err(no_model(&error, "as `speech` under `[models]`"))),
        };
        let sound = match self.sound.part(task, spec.span).await? {
            Ok(sound) => sound,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let sent = (Sha256::of(&sound), sound.len() as u64);
        let duration_ms = spec.span.end_ms.saturating_sub(spec.span.start_ms);
        let request = TranscribeRequest {
            audio: Audio { media_type: "audio/flac".to_owned(), duration_ms, bytes: sound },
            language: spec.language.clone(),
            vocabulary: spec.vocabulary.clone(),
        };
        let deadline_ms = context.deadline_ms.min(self.clock.now_ms() + CALL.as_millis() as u64);
        let work = task_work(task, task.job.capability(), context);
        let transcript = match self.till.transcribe(&work, model.as_ref(), &request, deadline_ms).await {
            Ok(transcript) => transcript,
            Err(error) => return failed(error).map(Err),
        };
        let by = heard_by(&transcript, sent);
        let (words, findings) = sanity::checked(transcript.words, duration_ms);
        let words = Words {
            // What was asked for is more exact than what the model makes of it: `pt-BR`, not `pt`.
            language: spec.language.clone().or(transcript.language),
            words: words.into_iter().map(|word| later(word, spec.span.start_ms)).collect(),
        };
        let (n_words, language) = (words.words.len() as u32, words.language.clone());
        let body = Bytes::from(serde_json::to_vec(&words).map_err(Failure::reject)?);
        let file = self.files().publish(task, WORDS, "application/json", body).await?;
        Ok(Ok(Heard { file, n_words, language, findings, by }))
    }
}

fn later(word: Word, by_ms: u64) -> Word {
    Word { start_ms: word.start_ms + by_ms, end_ms: word.end_ms + by_ms, ..word }
}

fn heard_by(transcript: &Transcript, (sent, sent_bytes): (Sha256, u64)) -> HeardBy {
    let receipt = &transcript.receipt;
    let passed_over_cost = receipt.passed_over.iter().filter_map(|model| model.cost);
    HeardBy {
        model_asked: receipt.model_asked.clone(),
        model_answered: receipt.model_answered.clone(),
        passed_over: receipt.passed_over.iter().map(|model| format!("{}: {}", model.model, model.why)).collect(),
        sent,
        sent_bytes,
        usage: receipt.consumption.tokens,
        cost: passed_over_cost.fold(receipt.cost.unwrap_or_default(), |sum, cost| sum.plus(cost)),
        latency_ms: receipt.latency_ms,
        n_calls: receipt.n_calls,
        request_id: receipt.request_id.clone(),
    }
}

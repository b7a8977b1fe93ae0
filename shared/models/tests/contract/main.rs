//! One suite for every way to a model: Bedrock's provider against the double, the OpenAI-compatible provider against a
//! server on loopback, and what either of them recorded, replayed.

mod cases;
mod embedding;
mod guards;
mod pictures;
mod recordings;
mod server;
mod world;

use world::Kind;

macro_rules! one {
    ($case:ident, $kind:ident) => {
        #[tokio::test]
        async fn $case() {
            super::cases::$case(super::Kind::$kind).await;
        }
    };
}

macro_rules! contract {
    ($($case:ident),* $(,)?) => {
        mod bedrock { $(one!($case, Bedrock);)* }
        mod openai { $(one!($case, OpenAi);)* }
        mod replayed_bedrock { $(one!($case, BedrockReplayed);)* }
        mod replayed_openai { $(one!($case, OpenAiReplayed);)* }
    };
}

contract!(
    a_text_is_answered_with_its_usage_and_cost,
    a_picture_is_sent_as_it_is,
    a_document_is_fenced,
    a_schema_is_held_natively,
    a_schema_is_held_by_a_strict_tool,
    a_schema_is_asked_for_in_words,
    a_schema_that_the_provider_refuses_goes_by_tool,
    a_wrong_answer_is_repaired_once,
    an_answer_that_stays_wrong_is_kept,
    a_refusal_is_for_a_person,
    a_cut_off_text_says_so,
    a_cut_off_schema_is_not_repaired,
    a_throttled_call_is_sent_again,
    a_server_that_never_answers_costs_no_more_than_the_deadline,
    a_throttled_call_past_the_deadline_says_when,
    cached_tokens_are_counted_apart,
    what_the_model_cannot_do_is_never_sent,
    a_model_past_its_end_is_refused_and_near_it_warned_of,
    a_missing_model_is_unavailable,
    a_bad_request_is_permanent_and_sent_once,
    a_model_error_is_tried_once_more,
    a_lost_connection_is_tried_again,
);

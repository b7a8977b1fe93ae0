//! The checks: their ids, what each finds, and how that is mended.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A check. Its id in rules, JSON and on a command line is stable: the name in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// There is no text, and the picture is not decorative. A link, a button and words in a picture always need one.
    Empty,
    /// The picture is decorative and has a text.
    NotEmpty,
    /// The model calls the picture decorative and its placement does not.
    DecorativeDoubt,
    /// Longer than is comfortable to listen to.
    Long,
    /// Longer than most pages should have.
    TooLong,
    /// Longer than any alt text may be.
    FarTooLong,
    /// Longer than the collection allows.
    OverLimit,
    /// Spaces at an end, or several in a row.
    Whitespace,
    /// More than one line.
    LineBreak,
    /// Characters that nobody sees: controls, directional overrides, private and unassigned marks, tags.
    HiddenCharacters,
    /// The same character many times in a row.
    RepeatedCharacters,
    /// The same words again and again.
    Repetition,
    /// A description without a full stop: screen readers run it into what follows.
    PunctuationEnd,
    /// It stops in the middle.
    CutOff,
    /// Quotation marks around the whole.
    Quoted,
    /// HTML, Markdown or JSON instead of plain words.
    Markup,
    /// Begins with words like "image of": screen readers have said that already.
    RedundantPrefix,
    /// Ends with a word like "image".
    RedundantSuffix,
    /// A word that stands for a text, such as `alt` or `image`.
    Placeholder,
    /// Begins with a label, such as `Alt text:`.
    Label,
    /// A model's talk about itself or its task, or an instruction to one.
    ModelTalk,
    /// Guesses, and says so.
    Hedge,
    /// Guesses an age.
    GuessAge,
    /// Guesses an origin or a skin colour.
    GuessEthnicity,
    /// Guesses a faith.
    GuessFaith,
    /// Guesses what somebody feels.
    GuessFeelings,
    /// Guesses an illness or a disability.
    GuessHealth,
    /// Guesses who or what somebody is.
    GuessIdentity,
    /// A term that the brand or the collection bans.
    BannedTerm,
    /// A file's name or extension.
    FileName,
    /// A web or e-mail address that is not in the picture.
    Address,
    /// The caption, or the text beside the picture, again.
    RepeatsNearby,
    /// Many assets have the same text.
    Duplicate,
    /// A picture of words, and most of them are not in the text.
    PictureTextMissing,
    /// Quotes words that were not read in the picture.
    PictureTextUnseen,
    /// None of the asset's tags is in the text.
    NoSharedTag,
    /// Long words in long sentences.
    HardToRead,
    /// Another script or language than the locale's.
    WrongLanguage,
    /// The rules have no word lists for the locale: the checks that need them did not run.
    LocaleWithoutLists,
}

impl Check {
    pub const ALL: [Check; 39] = [
        Check::Empty,
        Check::NotEmpty,
        Check::DecorativeDoubt,
        Check::Long,
        Check::TooLong,
        Check::FarTooLong,
        Check::OverLimit,
        Check::Whitespace,
        Check::LineBreak,
        Check::HiddenCharacters,
        Check::RepeatedCharacters,
        Check::Repetition,
        Check::PunctuationEnd,
        Check::CutOff,
        Check::Quoted,
        Check::Markup,
        Check::RedundantPrefix,
        Check::RedundantSuffix,
        Check::Placeholder,
        Check::Label,
        Check::ModelTalk,
        Check::Hedge,
        Check::GuessAge,
        Check::GuessEthnicity,
        Check::GuessFaith,
        Check::GuessFeelings,
        Check::GuessHealth,
        Check::GuessIdentity,
        Check::BannedTerm,
        Check::FileName,
        Check::Address,
        Check::RepeatsNearby,
        Check::Duplicate,
        Check::PictureTextMissing,
        Check::PictureTextUnseen,
        Check::NoSharedTag,
        Check::HardToRead,
        Check::WrongLanguage,
        Check::LocaleWithoutLists,
    ];

    /// Returns the check's id.
    pub fn id(self) -> &'static str {
        match self {
            Check::Empty => "empty",
            Check::NotEmpty => "not_empty",
            Check::DecorativeDoubt => "decorative_doubt",
            Check::Long => "long",
            Check::TooLong => "too_long",
            Check::FarTooLong => "far_too_long",
            Check::OverLimit => "over_limit",
            Check::Whitespace => "whitespace",
            Check::LineBreak => "line_break",
            Check::HiddenCharacters => "hidden_characters",
            Check::RepeatedCharacters => "repeated_characters",
            Check::Repetition => "repetition",
            Check::PunctuationEnd => "punctuation_end",
            Check::CutOff => "cut_off",
            Check::Quoted => "quoted",
            Check::Markup => "markup",
            Check::RedundantPrefix => "redundant_prefix",
            Check::RedundantSuffix => "redundant_suffix",
            Check::Placeholder => "placeholder",
            Check::Label => "label",
            Check::ModelTalk => "model_talk",
            Check::Hedge => "hedge",
            Check::GuessAge => "guess_age",
            Check::GuessEthnicity => "guess_ethnicity",
            Check::GuessFaith => "guess_faith",
            Check::GuessFeelings => "guess_feelings",
            Check::GuessHealth => "guess_health",
            Check::GuessIdentity => "guess_identity",
            Check::BannedTerm => "banned_term",
            Check::FileName => "file_name",
            Check::Address => "address",
            Check::RepeatsNearby => "repeats_nearby",
            Check::Duplicate => "duplicate",
            Check::PictureTextMissing => "picture_text_missing",
            Check::PictureTextUnseen => "picture_text_unseen",
            Check::NoSharedTag => "no_shared_tag",
            Check::HardToRead => "hard_to_read",
            Check::WrongLanguage => "wrong_language",
            Check::LocaleWithoutLists => "locale_without_lists",
        }
    }

    /// Returns the check with an id.
    pub fn of_id(id: &str) -> Option<Check> {
        Check::ALL.into_iter().find(|check| check.id() == id)
    }

    /// Returns how a finding of the check is mended.
    pub fn fix(self) -> &'static str {
        match self {
            Check::Empty | Check::Placeholder => "describe what the picture shows, or where it leads",
            Check::NotEmpty => "leave the text empty, or change the placement",
            Check::DecorativeDoubt => "decide whether the picture says anything on this page",
            Check::Long | Check::TooLong | Check::FarTooLong => "shorten it, or move details into a long description",
            Check::OverLimit => "shorten it to the collection's limit",
            Check::Whitespace => "remove the surplus spaces",
            Check::LineBreak => "put everything in one line",
            Check::HiddenCharacters => "remove them, or type the text again",
            Check::RepeatedCharacters => "write it once",
            Check::Repetition => "say it once",
            Check::PunctuationEnd => "end it with a full stop of its script",
            Check::CutOff => "finish the sentence",
            Check::Quoted => "remove the quotation marks around it",
            Check::Markup => "write plain words",
            Check::RedundantPrefix => "begin with what the picture shows",
            Check::RedundantSuffix => "leave the last word out",
            Check::Label => "leave the label out",
            Check::ModelTalk => "write the text again without it",
            Check::Hedge => "say only what can be seen",
            Check::GuessAge | Check::GuessEthnicity | Check::GuessFaith | Check::GuessHealth | Check::GuessIdentity => {
                "leave it out, or state it in the metadata"
            }
            Check::GuessFeelings => "say what can be seen: a smile, tears",
            Check::BannedTerm => "use another word",
            Check::FileName => "describe the picture instead of its file",
            Check::Address => "say in words where it leads",
            Check::RepeatsNearby => "say what they do not say, or leave it empty",
            Check::Duplicate => "say what is different in this picture",
            Check::PictureTextMissing => "write the words that the picture shows",
            Check::PictureTextUnseen => "compare the quotation with the picture",
            Check::NoSharedTag => "check that the text is about this picture",
            Check::HardToRead => "use shorter sentences",
            Check::WrongLanguage => "write it in the language of the locale",
            Check::LocaleWithoutLists => {
                "add lists for the locale to the rules, or let somebody read it who knows the language"
            }
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

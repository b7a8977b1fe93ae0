//! Chapters as WebVTT, and speakers' names as text.

use super::{Cue, Line, Span, Track, write_vtt};

/// Where a part of a recording begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    pub start_ms: u64,
    pub title: String,
}

/// Writes chapters as a WebVTT file for `<track kind="chapters">`: sorted, each to the start of the next one, the last to
/// the recording's end. Chapters without a title, at or behind the end, or at the start of another are left out.
pub fn write_chapters(chapters: &[Chapter], duration_ms: u64) -> String {
    let mut chapters: Vec<_> = chapters.iter().filter(|chapter| !chapter.title.trim().is_empty()).collect();
    chapters.retain(|chapter| chapter.start_ms < duration_ms);
    chapters.sort_by_key(|chapter| chapter.start_ms);
    chapters.dedup_by_key(|chapter| chapter.start_ms);
    let ends = chapters.iter().skip(1).map(|next| next.start_ms).chain([duration_ms]);
    let cue = |(chapter, end_ms): (&&Chapter, u64)| {
        let title = chapter.title.split_whitespace().collect::<Vec<_>>().join(" ");
        Cue { lines: vec![Line::plain(&title)], ..Cue::new(chapter.start_ms, end_ms, "") }
    };
    write_vtt(&Track { cues: chapters.iter().zip(ends).map(cue).collect(), ..Track::default() })
}

/// Returns a track whose speakers can be read, `Ann: Good morning.`, wherever another one begins to speak. For formats and
/// players that do not show who speaks.
#[must_use]
pub fn with_names(track: &Track) -> Track {
    let mut track = track.clone();
    let mut last: Option<String> = None;
    for cue in &mut track.cues {
        let whole = cue.speaker.take();
        for line in &mut cue.lines {
            let mut spans = Vec::with_capacity(line.spans.len());
            for mut span in std::mem::take(&mut line.spans) {
                let speaker = span.style.voice.take().or_else(|| whole.clone());
                if let Some(name) = speaker.as_ref().filter(|_| speaker != last) {
                    spans.push(Span { text: format!("{name}: "), ..Span::default() });
                }
                last = speaker;
                spans.push(span);
            }
            line.spans = spans;
            line.join();
        }
    }
    track
}

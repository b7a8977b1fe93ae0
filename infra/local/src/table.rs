//! Text tables for people.

/// Returns rows as left-aligned columns, the header first. Widths count characters.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let n_columns = header.len();
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (index, cell) in cells.enumerate() {
            let padding = if index + 1 == n_columns { 0 } else { widths[index] - cell.chars().count() + 2 };
            text.push_str(cell);
            text.push_str(&" ".repeat(padding));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&mut header.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    out
}

/// Returns a size for people: `4.2 MB` (powers of 1,000, as file managers count).
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1000.0, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Makes text from a stranger safe for a terminal: control and direction-changing characters become visible escapes.
pub fn plain(text: &str) -> String {
    let is_hidden = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["Café".to_owned(), "ready".to_owned()], vec!["a".to_owned(), "failed".to_owned()]];
        assert_eq!(table(&["key", "state"], &rows), "key   state\nCafé  ready\na     failed\n");
    }

    #[test]
    fn sizes_round() {
        assert_eq!([size(999), size(1000), size(999_999), size(4_200_000)], ["999 B", "1.0 kB", "1.0 MB", "4.2 MB"]);
    }

    #[test]
    fn a_key_cannot_drive_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["Café".to_owned(), "ready".to_owned()], vec!["a".to_owned(), "failed".to_owned()]];
        assert_eq!(table(&["key", "state"], &rows), "key   state\nCafé  ready\na     failed\n");
    }
}

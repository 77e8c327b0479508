//! Aligned text, for people.

use std::fmt::Write as _;

/// Rows of as many cells each, every column as wide as its longest cell and two spaces apart.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let rows = [["ID", "NAME", ""], ["1", "ä", "x"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "ID  NAME\n1   ä     x\n");
    }
}

//! What servers, cards and keys say, made fit for people's eyes and shells.

/// Makes a stranger's text plain: one line, at most `most` characters, nothing invisible and
/// nothing that turns the direction of writing.
pub fn plain(text: &str, most: usize) -> String {
    let is_plain = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(is_plain).take(most).collect::<String>().trim().to_owned()
}

/// A name between quotation marks, out of which it does not get: its maker chose it, and it may be
/// a sentence.
pub(crate) fn called(name: &str) -> String {
    let is_mark = |c: char| matches!(c, '"' | '«' | '»' | '\u{201c}'..='\u{201f}' | '\u{ff02}');
    format!("\"{}\"", plain(name, 60).replace(is_mark, ""))
}

/// A word of a command that a person may copy into a shell, whoever has written it.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", plain(word, usize::MAX).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_word_is_one_word_of_a_command() {
        let name = "Key'; echo $(id) `id` \\ \"\n\u{1b}#";
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &format!("printf '<%s>' {}", quoted(name))])
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"<Key'; echo $(id) `id` \\ \"#>");
    }

    #[test]
    fn a_strangers_text_cannot_write_lines_of_its_own() {
        assert_eq!(plain("Ada\nNumber: 99\r\u{202e}x\u{200b}", 40), "AdaNumber: 99x");
        let unseen = "\u{115f}\u{1160}\u{3164}\u{180e}\u{fe00}\u{fe0f}\u{ffa0}\u{e0001}\u{e007f}";
        assert_eq!(plain(unseen, 40), "");
        assert_eq!(plain("  äöü  ", 3), "ä");
        assert_eq!(plain(&"x".repeat(100), 80).len(), 80);
    }
}

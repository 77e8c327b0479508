//! GUIDs as Entra writes them: 8-4-4-4-12 hexadecimal digits.

const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// Reads a GUID in either case and returns it in lower case.
pub fn parse(text: &str) -> Option<String> {
    let mut groups = text.split('-');
    let fits = GROUPS.iter().all(|&len| {
        groups.next().is_some_and(|group| {
            group.len() == len && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    (fits && groups.next().is_none()).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_dashed_form_is_a_guid() {
        let guid = "9188040D-6c67-4c5b-b112-36a304b66dad";
        assert_eq!(parse(guid), Some(guid.to_ascii_lowercase()));
        for bad in ["", "9188040d", "9188040d6c674c5bb11236a304b66dad", "{9188040d}"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&format!("{guid}-00")), None);
        assert_eq!(parse(&guid.replace('a', "g")), None);
    }
}

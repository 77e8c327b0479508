//! Several answers in one input: each behind its length, two bytes, big-endian.

/// The answers of `data`. A length that goes beyond the end takes what is there.
pub(crate) fn frames(mut data: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let [high, low, rest @ ..] = data {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (frame, rest) = rest.split_at(length);
        frames.push(frame);
        data = rest;
    }
    frames
}

/// Makes one input of `answers`, behind a byte that says how they are used.
pub fn framed(how: u8, answers: &[Vec<u8>]) -> Vec<u8> {
    let mut data = vec![how];
    for answer in answers {
        let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
        data.extend(length.to_be_bytes());
        data.extend(&answer[..usize::from(length)]);
    }
    data
}

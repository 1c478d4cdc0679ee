//! Texts and bytes as pickles spell them.

use crate::error::Wrong;

/// Bytes as UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Wrong> {
    std::str::from_utf8(bytes).map_err(|_| ("bytes that are no UTF-8".into(), "a text".into()))
}

/// Bytes as Python 2 quotes them, such as `'a\x00'`.
pub(super) fn quoted(line: &[u8]) -> Result<Vec<u8>, Wrong> {
    let wrong = || ("bytes that are not quoted as Python does".into(), "such as 'a\\x00'".into());
    let line = line.trim_ascii_end();
    let (Some(&quote), Some(&last)) = (line.first(), line.last()) else { return Err(wrong()) };
    if line.len() < 2 || quote != last || !matches!(quote, b'\'' | b'"') {
        return Err(wrong());
    }
    let mut bytes = Vec::with_capacity(line.len());
    let mut rest = line[1..line.len() - 1].iter();
    while let Some(&byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'x') => {
                let digits = rest.as_slice().get(..2).and_then(hexadecimal).ok_or_else(wrong)?;
                rest = rest.as_slice()[2..].iter();
                digits as u8
            }
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(&byte @ (b'\\' | b'\'' | b'"')) => byte,
            _ => return Err(wrong()),
        });
    }
    Ok(bytes)
}

/// A text in Latin-1 with `\u0000` and `\U00000000` for other characters and a few of its own.
pub(super) fn raw_unicode(line: &[u8]) -> Result<String, Wrong> {
    let wrong = || ("a text that is not escaped as Python does".into(), "such as a\\u000a".into());
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let [first, after @ ..] = rest {
        let digits = match (first, after) {
            (b'\\', [b'u', ..]) => 4,
            (b'\\', [b'U', ..]) => 8,
            _ => {
                text.push(char::from(*first));
                rest = after;
                continue;
            }
        };
        let code = after.get(1..=digits).and_then(hexadecimal);
        text.push(code.and_then(char::from_u32).ok_or_else(wrong)?);
        rest = &after[1 + digits..];
    }
    Ok(text)
}

/// The characters of a text below 256 as bytes; `None` if there are others.
pub(super) fn latin1(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        bytes.push(u8::try_from(u32::from(character)).ok()?);
    }
    Some(bytes)
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    // `from_str_radix` would take a sign.
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_read_and_others_refused() {
        assert_eq!(quoted(br"'a\x00\xff\\\'\n\t\r'").unwrap(), b"a\0\xFF\\'\n\t\r");
        assert_eq!(quoted(b"\"it's\"").unwrap(), b"it's");
        for bad in
            [&b"'"[..], b"", b"a", b"'a\"", br"'\x0'", br"'\xg0'", br"'\x+1'", br"'\'", br"'\q'"]
        {
            assert!(quoted(bad).is_err(), "{bad:?}");
        }
        assert_eq!(raw_unicode(b"a\\u000ab\xE9\\\\U0001F438").unwrap(), "a\nb\u{E9}\\\u{1F438}");
        for bad in [&br"\u12"[..], br"\ud800", br"\U00110000", br"\u+123"] {
            assert!(raw_unicode(bad).is_err(), "{bad:?}");
        }
        assert_eq!(latin1("a\u{FF}").unwrap(), b"a\xFF");
        assert!(latin1("\u{100}").is_none());
    }
}

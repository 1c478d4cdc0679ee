//! Patterns of names, as in `optimizer.groups` and `--row`.

/// Whether `name` fits `pattern`, in which every `*` stands for any characters.
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len())
                .filter(|&i| tail.is_char_boundary(i))
                .any(|i| matches(rest, &tail[i..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*.bias", "conv1.bias", true),
            ("*.bias", "conv1.biases", false),
            ("conv*.w*t", "conv12.weight", true),
            ("conv1", "conv1.weight", false),
            ("a**b", "ab", true),
            ("*ü*", "größe ü", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}

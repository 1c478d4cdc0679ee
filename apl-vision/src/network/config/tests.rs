#![allow(clippy::unwrap_used)]

use super::*;

fn parse(text: &str) -> std::result::Result<NetworkConfig, String> {
    let config: NetworkConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn an_empty_section_is_the_papers_network() {
    let config = parse("").unwrap();
    assert_eq!(config, NetworkConfig::default());
    assert_eq!(parse("kind = \"cnn\"").unwrap(), config);
    assert_eq!(parse("kind = \"nin\"").unwrap(), NetworkConfig::Nin(NinConfig::default()));
}

#[test]
fn a_section_survives_writing_and_reading() {
    let config = parse("second-pool = \"max\"\ninit = \"he\"\ndropout.last-pool = 0.125").unwrap();
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("second-pool = \"max\"") && text.contains("last-pool = 0.125"));
    assert_eq!(parse(&text).unwrap(), config);
    let config = parse("kind = \"nin\"\nwidths = [1, 2, 3, 4, 5, 6, 7, 8]").unwrap();
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("kind = \"nin\"") && text.contains("pool = 0.5"));
    assert!(!text.contains("hidden"), "{text}");
    assert_eq!(parse(&text).unwrap(), config);
}

#[test]
fn wrong_settings_are_named() {
    let table = [
        (
            "widths = [96, 0, 256]",
            "network.widths: found [96, 0, 256], expected numbers from 1 to 8192",
        ),
        ("hidden = [9000, 1]", "network.hidden: found [9000, 1], expected numbers from 1 to 8192"),
        (
            "dropout = { conv = 1.0 }",
            "network.dropout.conv: found 1, expected in [0, 1), at most 255/256",
        ),
        ("dropout.last-pool = -0.5", "network.dropout.last-pool: found -0.5, expected"),
        ("dropout.hidden = nan", "network.dropout.hidden: found NaN, expected"),
        ("kind = \"nin\"\ndropout.pool = 1.0", "network.dropout.pool: found 1, expected"),
    ];
    for (text, message) in table {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn settings_of_the_other_kind_are_refused() {
    for (text, message) in [
        ("kind = \"nin\"\nhidden = [1, 2]", "network.hidden: found it with kind \"nin\""),
        ("kind = \"nin\"\ndropout = { conv = 0.1 }", "network.dropout.conv: found it with"),
        ("kind = \"nin\"\nwidths = [1, 2, 3]", "expected 8 numbers for kind \"nin\""),
        ("widths = [1, 2, 3, 4, 5, 6, 7, 8]", "expected 3 numbers for kind \"cnn\""),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn unreadable_settings_keep_their_place() {
    for (text, parts) in [
        ("wdths = [1, 2, 3]", ["unknown field `wdths`", "line 1"]),
        ("\nwidths = [1, 2]", ["expected 3 numbers for a cnn or 8 for a nin", "line 2"]),
        ("kind = \"mlp\"", ["unknown variant `mlp`", "line 1"]),
        ("dropout = { convs = 0.1 }", ["unknown field `convs`", "line 1"]),
        ("hidden = [-1, 2]", ["-1", "line 1"]),
    ] {
        let error = parse(text).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

//! Checks of HTML and SVG without a parser: tags that match, names that are unique, links that lead somewhere.

use std::collections::BTreeSet;

const VOID: [&str; 3] = ["meta", "br", "input"];

/// Panics where a tag is not closed, or closed by another; gives the text between tags, a line a block.
pub fn balanced(text: &str) -> String {
    let (mut open, mut out) = (Vec::new(), String::new());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag that ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('!') || tag.ends_with('/') || VOID.contains(&name) {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        if tag.starts_with('/') {
            assert_eq!(
                open.pop(),
                Some(name),
                "before {}",
                rest.chars().take(80).collect::<String>()
            );
            let cell = ["td", "th", "dt"].contains(&name);
            out.push_str(if cell { " | " } else { "\n" });
        } else if name == "script" {
            // Not markup but for its end.
            let end = rest.find("</script>").expect("a script that ends");
            rest = &rest[end + "</script>".len()..];
        } else {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    out.push_str(rest);
    let out = out.replace("&#x2f;", "/").replace("&lt;", "<").replace("&gt;", ">");
    let lines: Vec<&str> = out.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// The values of an attribute.
pub fn attributes<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let pattern = format!(" {name}=\"");
    let values = text.split(&pattern).skip(1);
    values.map(|value| value.split('"').next().unwrap()).collect()
}

/// Panics where an id stands twice, or a link or a label names none.
pub fn linked(html: &str) {
    let ids = attributes(html, "id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    let links = attributes(html, "href").into_iter();
    let links = links.map(|link| link.strip_prefix('#').expect("a link within the page"));
    for name in links.chain(attributes(html, "aria-labelledby")) {
        assert!(unique.contains(name), "{name}");
    }
}

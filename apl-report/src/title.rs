//! What rows that share their settings are called together.

use std::collections::BTreeMap;

use crate::row::Comparison;

/// Settings by their keys, as [`settings`](crate::baseline::settings) gives them.
pub type Settings = BTreeMap<String, String>;

/// The title of each group of rows: task, data set, scale, network and whether images are augmented; where that is the same for several groups, the
/// settings in which these differ too.
pub fn titles<'a>(groups: impl Iterator<Item = (&'a Comparison, &'a Settings)>) -> Vec<String> {
    let groups: Vec<(String, &Settings)> =
        groups.map(|(comparison, settings)| (plain(comparison, settings), settings)).collect();
    let whole = |(title, settings): &(String, &Settings)| {
        let namesakes = || groups.iter().filter(|(other, _)| other == title);
        let differs = |key: &&String| namesakes().any(|(_, s)| s.get(*key) != settings.get(*key));
        let differing = settings.keys().filter(differs);
        let more = differing.map(|key| format!("{key} = {}", settings[key].trim_matches('"')));
        std::iter::once(title.clone()).chain(more).collect::<Vec<_>>().join(", ")
    };
    groups.iter().map(whole).collect()
}

fn plain(comparison: &Comparison, settings: &Settings) -> String {
    let mut title = vec![comparison.title()];
    title.extend(settings.get("network.kind").map(|kind| kind.trim_matches('"').to_uppercase()));
    let augment = settings.get("data.augment").filter(|kind| *kind != "\"none\"");
    title.extend(augment.map(|_| "augmented".into()));
    title.join(", ")
}

//! The data sets whose columns are known, as data.

use crate::generator::NAMES;

/// The columns of a known data set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// What the set is called.
    pub name: &'static str,
    /// The features in their published order: the order in which they come to stand in an event file, whatever their order in the source.
    pub features: &'static [&'static str],
    /// What the column of the label may be called.
    pub label: &'static [&'static str],
    /// What the column of the weight may be called.
    pub weight: &'static [&'static str],
    /// Columns that are no measurement and tell about the label: never features.
    pub never: &'static [&'static str],
    /// The number that stands for a missing value; where there is none, no value may be missing.
    pub missing: Option<f32>,
}

/// The sets that are known.
///
/// | set | features | label | weight | missing |
/// |---|---|---|---|---|
/// | UCI HIGGS (Baldi, Sadowski, Whiteson 2014) | 28: 21 measured, 7 computed | `class` or `label`, first or last where the file has no header | | |
/// | ATLAS HiggsML (CERN open data 328) | 30: `DER_*`, `PRI_*` | `Label`: `s`, `b` | `Weight` | -999 |
/// | FAIR Universe HiggsML (Zenodo 15131565) | 28: `PRI_*`, `DER_*` | `labels`: 1, 0 | `weights` | -25 |
/// | H -> tau tau (the generator) | 25, see [`generator`](crate::generator) | `label` or `class` | `weight` | empty or nan |
pub const LAYOUTS: &[Layout] = &[UCI, ATLAS, FAIR, HTAUTAU];

/// H -> tau tau against Z -> tau tau: the features of the generator.
pub(crate) const HTAUTAU: Layout = Layout {
    name: "H -> tau tau",
    features: &NAMES,
    label: &["label", "class", "target", "signal"],
    weight: &["weight"],
    never: &[],
    // The collinear mass is not always there.
    missing: Some(f32::NAN),
};

/// UCI HIGGS: H -> W W b b against top pairs.
pub(crate) const UCI: Layout = Layout {
    name: "UCI HIGGS",
    features: &[
        "lepton_pT",
        "lepton_eta",
        "lepton_phi",
        "missing_energy_magnitude",
        "missing_energy_phi",
        "jet_1_pt",
        "jet_1_eta",
        "jet_1_phi",
        "jet_1_b-tag",
        "jet_2_pt",
        "jet_2_eta",
        "jet_2_phi",
        "jet_2_b-tag",
        "jet_3_pt",
        "jet_3_eta",
        "jet_3_phi",
        "jet_3_b-tag",
        "jet_4_pt",
        "jet_4_eta",
        "jet_4_phi",
        "jet_4_b-tag",
        "m_jj",
        "m_jjj",
        "m_lv",
        "m_jlv",
        "m_bb",
        "m_wbb",
        "m_wwbb",
    ],
    label: &["label", "class", "class_label", "target", "signal"],
    weight: &[],
    never: &[],
    missing: None,
};

/// ATLAS HiggsML 2014: H -> tau tau against Z -> tau tau, top pairs and W.
pub(crate) const ATLAS: Layout = Layout {
    name: "ATLAS HiggsML",
    features: &[
        "DER_mass_MMC",
        "DER_mass_transverse_met_lep",
        "DER_mass_vis",
        "DER_pt_h",
        "DER_deltaeta_jet_jet",
        "DER_mass_jet_jet",
        "DER_prodeta_jet_jet",
        "DER_deltar_tau_lep",
        "DER_pt_tot",
        "DER_sum_pt",
        "DER_pt_ratio_lep_tau",
        "DER_met_phi_centrality",
        "DER_lep_eta_centrality",
        "PRI_tau_pt",
        "PRI_tau_eta",
        "PRI_tau_phi",
        "PRI_lep_pt",
        "PRI_lep_eta",
        "PRI_lep_phi",
        "PRI_met",
        "PRI_met_phi",
        "PRI_met_sumet",
        "PRI_jet_num",
        "PRI_jet_leading_pt",
        "PRI_jet_leading_eta",
        "PRI_jet_leading_phi",
        "PRI_jet_subleading_pt",
        "PRI_jet_subleading_eta",
        "PRI_jet_subleading_phi",
        "PRI_jet_all_pt",
    ],
    label: &["Label"],
    weight: &["Weight"],
    // `Weight` alone separates the classes perfectly.
    never: &["EventId", "Weight", "Label", "KaggleSet", "KaggleWeight"],
    missing: Some(-999.0),
};

/// FAIR Universe HiggsML Uncertainty: H -> tau tau against Z -> tau tau, two bosons and top pairs. What is missing is -25 in the challenge's own code
/// (`derived_quantities.py`).
pub(crate) const FAIR: Layout = Layout {
    name: "FAIR Universe HiggsML",
    features: &[
        "PRI_lep_pt",
        "PRI_lep_eta",
        "PRI_lep_phi",
        "PRI_had_pt",
        "PRI_had_eta",
        "PRI_had_phi",
        "PRI_jet_leading_pt",
        "PRI_jet_leading_eta",
        "PRI_jet_leading_phi",
        "PRI_jet_subleading_pt",
        "PRI_jet_subleading_eta",
        "PRI_jet_subleading_phi",
        "PRI_n_jets",
        "PRI_jet_all_pt",
        "PRI_met",
        "PRI_met_phi",
        "DER_mass_transverse_met_lep",
        "DER_mass_vis",
        "DER_pt_h",
        "DER_deltaeta_jet_jet",
        "DER_mass_jet_jet",
        "DER_prodeta_jet_jet",
        "DER_deltar_had_lep",
        "DER_pt_tot",
        "DER_sum_pt",
        "DER_pt_ratio_lep_had",
        "DER_met_phi_centrality",
        "DER_lep_eta_centrality",
    ],
    label: &["labels", "Labels", "Label", "label"],
    weight: &["weights", "Weights", "Weight", "weight"],
    never: &[
        "EventId",
        "Weight",
        "Weights",
        "Label",
        "Labels",
        "DetailedLabel",
        "detailed_labels",
        "process_flags",
    ],
    missing: Some(-25.0),
};

#[cfg(test)]
mod tests;

//! Higgs to tau tau: the second study of the paper (table 2).
//!
//! The crate holds this description until the study itself is built: importers of Higgs data, a Monte-Carlo of
//! H -> tau tau against Z -> tau tau, the network of seven layers of 274 units, AUC and expected discovery significance.

//! apl-train

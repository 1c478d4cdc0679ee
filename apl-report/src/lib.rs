//! apl-report

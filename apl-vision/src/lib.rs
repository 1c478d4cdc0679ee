//! apl-vision

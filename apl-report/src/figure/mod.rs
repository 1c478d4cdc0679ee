//! Figures: small multiples with a legend, inline on a page or as a file of their own.

mod change;
mod cost;
mod course;
mod effect;
mod learning;
mod outputs;
mod overlay;
mod palette;
mod samples;
mod scores;
mod spread;
mod standalone;
mod task;
mod unit;
mod units;

pub(crate) use cost::{Cost, cost};
pub(crate) use course::course;
pub(crate) use effect::effect;
pub(crate) use learning::learning;
pub(crate) use outputs::outputs;
pub(crate) use overlay::{OVERLAID, overlay};
pub(crate) use palette::{css, look};
pub(crate) use samples::samples;
pub(crate) use scores::scores;
pub(crate) use spread::spread;
pub(crate) use task::task;
pub use unit::{unit, unit_of};
pub(crate) use units::{SHOWN, fixed, glance, reach, units};

use crate::svg::{Panel, escape};

/// A figure.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// Its file's name and its anchor on the page.
    pub name: String,
    /// A heading.
    pub title: String,
    /// What is to be seen, and how it was made.
    pub caption: String,
    /// The small multiples.
    pub panels: Vec<Panel>,
    /// The most that stand side by side.
    pub columns: usize,
    /// What colours and dashes mean.
    pub legend: Vec<Key>,
}

/// As many columns as fit.
const ANY: usize = 100;

/// An entry of a legend.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// A line or an area.
    pub mark: Mark,
    /// The classes that give it its look.
    pub class: String,
    /// What it means.
    pub label: String,
}

/// How a legend shows a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Line,
    Area,
}

impl Key {
    pub fn line(class: impl Into<String>, label: impl Into<String>) -> Self {
        Self { mark: Mark::Line, class: class.into(), label: label.into() }
    }

    pub fn area(class: impl Into<String>, label: impl Into<String>) -> Self {
        Self { mark: Mark::Area, class: class.into(), label: label.into() }
    }

    /// 26 by 12 pixels.
    fn swatch(&self) -> String {
        let data = match self.mark {
            Mark::Line => "M1 6h24",
            Mark::Area => "M1 1h24v10h-24z",
        };
        format!("<path class=\"{}\" d=\"{data}\"/>", self.class)
    }
}

impl Figure {
    /// The panels as elements of an HTML page.
    pub fn inline(&self) -> String {
        self.panels.iter().map(Panel::inline).collect()
    }

    /// The legend as a list of an HTML page; empty where there is none.
    pub fn legend(&self) -> String {
        if self.legend.is_empty() {
            return String::new();
        }
        let items = self.legend.iter().map(|key| {
            let (swatch, label) = (key.swatch(), escape(&key.label));
            format!(
                "<li><svg class=\"key\" viewBox=\"0 0 26 12\" aria-hidden=\"true\">{swatch}</svg> {label}</li>"
            )
        });
        format!("<ul class=\"legend\">{}</ul>", items.collect::<String>())
    }

    /// The width of its widest panel, by which a page sets columns.
    pub fn panel_width(&self) -> f64 {
        self.panels.iter().fold(0.0, |width, panel| panel.width.max(width))
    }
}

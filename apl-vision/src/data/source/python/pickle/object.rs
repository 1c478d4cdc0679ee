//! What a pickle holds.

use std::borrow::Cow;

use super::numpy::{Element, Known};

/// The place of a value in the list of all values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(u32);

impl Id {
    /// The place `place`. There are fewer values than operations, which are counted in 32 bits.
    pub(super) fn new(place: usize) -> Self {
        Self(place as u32)
    }

    pub(super) fn place(self) -> usize {
        self.0 as usize
    }
}

/// A value. Those inside others are known by their places.
#[derive(Debug)]
pub(super) enum Object<'a> {
    None,
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction; none of ours is read.
    Float,
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    /// A function or class of Python's that is known as data.
    Known(Known),
    /// numpy's `dtype`.
    Element(Element),
    /// numpy's `ndarray`; what it holds follows by another operation.
    Array(Option<Contents>),
}

/// What numpy's array holds.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    /// A tuple of integers.
    pub shape: Id,
    /// An element type.
    pub element: Id,
    /// Whether the first index runs fastest.
    pub fortran: bool,
    /// Bytes.
    pub bytes: Id,
}

impl Object<'_> {
    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Object::None => "None",
            Object::Boolean(_) => "a truth value",
            Object::Integer(_) => "an integer",
            Object::Float => "a number with a fraction",
            Object::Bytes(_) => "bytes",
            Object::Text(_) => "a text",
            Object::Tuple(_) => "a tuple",
            Object::List(_) => "a list",
            Object::Dictionary(_) => "a dictionary",
            Object::Known(_) => "a function",
            Object::Element(_) => "an element type",
            Object::Array(_) => "an array",
        }
    }
}

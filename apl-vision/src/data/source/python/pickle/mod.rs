//! Reads Python's pickles as data: numbers, texts, lists, dictionaries and numpy's arrays of integers. Nothing in a pickle is ever executed.
//!
//! A pickle is a program for a stack machine, in protocols 0 to 5. Here the operations that build plain data are carried out; of the functions a
//! pickle may call, those by which numpy writes an array are known as data, and every other is refused by its name. One limit on the number of
//! operations bounds the memory: values live in one list and refer to each other by their places in it, bytes stay in the file where they can.
//! There is no recursion, so nothing can be nested too deeply.
//!
//! The crate serde-pickle was considered and not taken: it reads the protocols, but knows of functions only those that make Python's own
//! containers. An array comes out as an error, or as `None` without its bytes.

mod input;
mod machine;
mod numpy;
mod object;
mod operations;
mod text;

use object::{Id, Object};

use crate::error::Wrong;
pub(crate) use numpy::Array;

/// The values of a pickle.
pub(crate) struct Pickle<'a> {
    objects: Vec<Object<'a>>,
    root: Id,
}

/// Reads a pickle, which must be the whole of `bytes`.
///
/// # Errors
/// Cut or damaged, more than [`machine::STEPS`] operations, an operation or a function that builds more than plain data. The place is given in
/// bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<Pickle<'_>, Wrong> {
    machine::run(bytes)
}

impl<'a> Pickle<'a> {
    fn object(&self, id: Id) -> &Object<'a> {
        &self.objects[id.place()]
    }

    /// The entries of the outermost dictionary whose keys are text, or bytes of ASCII, as Python 2 wrote texts.
    ///
    /// # Errors
    /// The outermost value is no dictionary.
    pub(crate) fn entries(&self) -> Result<Vec<(&str, Value<'_, 'a>)>, Wrong> {
        let Object::Dictionary(entries) = self.object(self.root) else {
            let found = format!("a pickle of {}", self.object(self.root).kind());
            return Err((found, "a pickle of a dictionary".into()));
        };
        let named = |&(key, value): &(Id, Id)| {
            let name = match self.object(key) {
                Object::Text(text) => text.as_ref(),
                Object::Bytes(bytes) => std::str::from_utf8(bytes).ok()?,
                _ => return None,
            };
            Some((name, Value { pickle: self, id: value }))
        };
        Ok(entries.iter().filter_map(named).collect())
    }
}

/// A value in a pickle.
#[derive(Clone, Copy)]
pub(crate) struct Value<'p, 'a> {
    pickle: &'p Pickle<'a>,
    id: Id,
}

impl<'p> Value<'p, '_> {
    /// The value as numpy's array.
    ///
    /// # Errors
    /// Something else, an array without its bytes or with another number of them than its shape says.
    pub(crate) fn array(self) -> Result<Array<'p>, Wrong> {
        numpy::array(&self.pickle.objects, self.id)
    }

    /// The value as integers: a list or an array of one dimension.
    ///
    /// # Errors
    /// Something else.
    pub(crate) fn integers(self) -> Result<Vec<i64>, Wrong> {
        let expected = || "a list of integers".to_string();
        match self.pickle.object(self.id) {
            Object::List(items) | Object::Tuple(items) => items
                .iter()
                .map(|&item| match self.pickle.object(item) {
                    Object::Integer(value) => Ok(*value),
                    other => Err((format!("{} in a list", other.kind()), expected())),
                })
                .collect(),
            Object::Array(_) => self.array()?.integers(),
            other => Err((other.kind().into(), expected())),
        }
    }
}

#[cfg(test)]
mod tests;

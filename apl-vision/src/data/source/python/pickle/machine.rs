//! The stack machine that a pickle is a program for.

use std::collections::HashMap;

use super::{
    Pickle,
    input::Input,
    numpy::{self, Known},
    object::{Id, Object},
};
use crate::error::Wrong;

/// The most operations of a pickle. CIFAR-100's training file has some 160,000, and some 700,000 as Python 3 writes it in protocol 0.
pub(super) const STEPS: usize = 1_000_000;

/// Carries a pickle out.
pub(super) fn run(bytes: &[u8]) -> Result<Pickle<'_>, Wrong> {
    let mut machine = Machine {
        input: Input::new(bytes),
        objects: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copied: 0,
    };
    for _ in 0..STEPS {
        let place = machine.input.place();
        let at = |(found, expected): Wrong| (format!("at byte {place}: {found}"), expected);
        let [code] = machine.input.array().map_err(at)?;
        if code == b'.' {
            return machine.finish().map_err(at);
        }
        machine.step(code).map_err(at)?;
    }
    Err((format!("more than {STEPS} operations"), "a pickle of one data batch".into()))
}

/// The machine in the middle of a pickle.
pub(super) struct Machine<'a> {
    pub(super) input: Input<'a>,
    pub(super) objects: Vec<Object<'a>>,
    pub(super) stack: Vec<Id>,
    /// Lengths of the stack at its marks.
    pub(super) marks: Vec<usize>,
    pub(super) memo: HashMap<u64, Id>,
    /// Bytes that were made of texts.
    copied: usize,
}

impl<'a> Machine<'a> {
    /// The end: one value is left and nothing follows.
    fn finish(mut self) -> Result<Pickle<'a>, Wrong> {
        let root = self.pop()?;
        if !self.stack.is_empty() || !self.marks.is_empty() || self.input.left() > 0 {
            let (more, left) = (self.stack.len(), self.input.left());
            let found = format!("{more} more values and {left} more bytes at the end");
            return Err((found, "one value".into()));
        }
        Ok(Pickle { objects: self.objects, root })
    }

    pub(super) fn push(&mut self, object: Object<'a>) {
        self.stack.push(Id::new(self.objects.len()));
        self.objects.push(object);
    }

    /// The uppermost value above the last mark.
    pub(super) fn top(&self) -> Result<Id, Wrong> {
        let above = &self.stack[self.marks.last().copied().unwrap_or(0)..];
        above.last().copied().ok_or_else(|| ("an empty stack".into(), "a value".into()))
    }

    pub(super) fn pop(&mut self) -> Result<Id, Wrong> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The values above the last mark, and the mark, taken off.
    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>, Wrong> {
        let mark = self.marks.pop().ok_or_else(|| ("no mark".into(), "one".to_string()))?;
        Ok(self.stack.split_off(mark))
    }

    pub(super) fn tuple(&mut self, count: usize) -> Result<(), Wrong> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Object::Tuple(items));
        Ok(())
    }

    pub(super) fn put(&mut self, key: u64) -> Result<(), Wrong> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    pub(super) fn get(&mut self, key: u64) -> Result<(), Wrong> {
        let id = self.memo.get(&key).copied();
        let id = id.ok_or_else(|| (format!("no value {key}"), "one kept before".to_string()))?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn append(&mut self, items: &[Id]) -> Result<(), Wrong> {
        let list = self.top()?;
        match &mut self.objects[list.place()] {
            Object::List(list) => list.extend_from_slice(items),
            other => return Err((format!("items for {}", other.kind()), "for a list".into())),
        }
        Ok(())
    }

    pub(super) fn set(&mut self, items: &[Id]) -> Result<(), Wrong> {
        let dictionary = self.top()?;
        let entries = pairs(items)?;
        match &mut self.objects[dictionary.place()] {
            Object::Dictionary(all) => all.extend(entries),
            other => {
                return Err((format!("entries for {}", other.kind()), "for a dictionary".into()));
            }
        }
        Ok(())
    }

    pub(super) fn reduce(&mut self) -> Result<(), Wrong> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let &Object::Known(function) = &self.objects[function.place()] else {
            let kind = self.objects[function.place()].kind();
            return Err((format!("a call of {kind}"), "of a function".into()));
        };
        let Object::Tuple(arguments) = &self.objects[arguments.place()] else {
            let kind = self.objects[arguments.place()].kind();
            return Err((format!("a call with {kind}"), "with a tuple".into()));
        };
        if function == Known::Encode
            && let Some(Object::Text(text)) = arguments.first().map(|id| &self.objects[id.place()])
        {
            // One text could be made into bytes again and again. A byte of the file is at most two of a text.
            self.copied = self.copied.saturating_add(text.len());
            if self.copied > 2 * self.input.place() {
                return Err(("more bytes than the file has".into(), "each text once".into()));
            }
        }
        let object = numpy::call(&self.objects, function, arguments)?;
        self.push(object);
        Ok(())
    }
}

/// Keys and values that take turns.
pub(super) fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, Wrong> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(("a key without value".into(), "keys and values in pairs".into()));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

//! The operations of a pickle, one by one.

use std::borrow::Cow;

use super::{
    input::Input,
    machine::{Machine, pairs},
    numpy::{self, Known},
    object::Object,
    text,
};
use crate::error::Wrong;

/// What the calls and operations that are refused are measured by.
const DATA: &str = "plain data and numpy arrays";

impl<'a> Machine<'a> {
    /// Carries one operation out.
    pub(super) fn step(&mut self, code: u8) -> Result<(), Wrong> {
        if let Some(value) = self.value(code)? {
            self.push(value);
            return Ok(());
        }
        match code {
            // Protocol and frames: only their sizes matter.
            0x80 => match self.input.unsigned::<1>()? {
                0..=5 => {}
                other => return Err((format!("protocol {other}"), "0 to 5".into())),
            },
            0x95 => {
                let size = self.input.unsigned::<8>()?;
                if size > self.input.left() as u64 {
                    let found = format!("a frame of {size} bytes");
                    return Err((found, format!("at most the {} left", self.input.left())));
                }
            }
            // The stack and what is kept.
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => self.stack.push(self.top()?),
            b'p' | b'q' | b'r' => {
                let key = self.key(code - b'p')?;
                self.put(key)?;
            }
            0x94 => self.put(self.memo.len() as u64)?,
            b'g' | b'h' | b'j' => {
                let key = self.key(if code == b'j' { 2 } else { code - b'g' })?;
                self.get(key)?;
            }
            // What goes into containers.
            0x85..=0x87 => self.tuple(usize::from(code - 0x84))?,
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set(&items)?;
            }
            // Calls, known as data.
            b'R' => self.reduce()?,
            b'b' => {
                let (state, target) = (self.pop()?, self.top()?);
                numpy::build(&mut self.objects, target, state)?;
            }
            other => return Err(refused(other)),
        }
        Ok(())
    }

    /// The value that an operation puts on the stack; `None` for one that does something else.
    fn value(&mut self, code: u8) -> Result<Option<Object<'a>>, Wrong> {
        let integer = |value: u64| Object::Integer(value as i64);
        let bytes = |bytes: &'a [u8]| Object::Bytes(Cow::Borrowed(bytes));
        let text = |text: &'a str| Object::Text(Cow::Borrowed(text));
        let input = &mut self.input;
        Ok(Some(match code {
            b'N' => Object::None,
            0x88 => Object::Boolean(true),
            0x89 => Object::Boolean(false),
            b'I' => match input.line()? {
                b"00" => Object::Boolean(false),
                b"01" => Object::Boolean(true),
                line => Object::Integer(Input::integer(line)?),
            },
            b'L' => Object::Integer(Input::integer(input.line()?)?),
            b'K' => integer(input.unsigned::<1>()?),
            b'M' => integer(input.unsigned::<2>()?),
            b'J' => Object::Integer(input.signed()?),
            0x8A => Object::Integer(Input::long(input.counted::<1>()?)?),
            0x8B => Object::Integer(Input::long(input.counted_signed()?)?),
            b'F' => input.line().map(|_| Object::Float)?,
            b'G' => input.take(8).map(|_| Object::Float)?,
            b'S' => Object::Bytes(text::quoted(input.line()?)?.into()),
            b'T' => bytes(input.counted_signed()?),
            b'U' | b'C' => bytes(input.counted::<1>()?),
            b'B' => bytes(input.counted::<4>()?),
            0x8E | 0x96 => bytes(input.counted::<8>()?),
            b'V' => Object::Text(text::raw_unicode(input.line()?)?.into()),
            0x8C => text(input.text::<1>()?),
            b'X' => text(input.text::<4>()?),
            0x8D => text(input.text::<8>()?),
            b')' => Object::Tuple(Vec::new()),
            b']' => Object::List(Vec::new()),
            b'}' => Object::Dictionary(Vec::new()),
            b't' => Object::Tuple(self.pop_mark()?),
            b'l' => Object::List(self.pop_mark()?),
            b'd' => Object::Dictionary(pairs(&self.pop_mark()?)?),
            b'c' => {
                let (module, name) = (input.line()?, input.line()?);
                Object::Known(known(text::utf8(module)?, text::utf8(name)?)?)
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match [module, name].map(|id| &self.objects[id.place()]) {
                    [Object::Text(module), Object::Text(name)] => {
                        Object::Known(known(module, name)?)
                    }
                    _ => return Err(("a call for a name that is no text".into(), DATA.into())),
                }
            }
            _ => return Ok(None),
        }))
    }

    /// The key of a kept value: a line, or 1 or 4 bytes.
    fn key(&mut self, kind: u8) -> Result<u64, Wrong> {
        match kind {
            0 => {
                let key = Input::integer(self.input.line()?)?;
                u64::try_from(key).map_err(|_| (format!("place {key}"), "0 or more".into()))
            }
            1 => self.input.unsigned::<1>(),
            _ => self.input.unsigned::<4>(),
        }
    }
}

/// A function or class by its name, if it is known as data.
fn known(module: &str, name: &str) -> Result<Known, Wrong> {
    numpy::known(module, name).ok_or_else(|| {
        (format!("a call for {module:.60}.{name:.60}, which is not carried out"), DATA.into())
    })
}

/// An operation that builds something else than plain data, by the name Python gives it.
fn refused(code: u8) -> Wrong {
    let name = match code {
        b'i' => "INST",
        b'o' => "OBJ",
        b'P' => "PERSID",
        b'Q' => "BINPERSID",
        0x81 => "NEWOBJ",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        0x8F => "EMPTY_SET",
        0x90 => "ADDITEMS",
        0x91 => "FROZENSET",
        0x92 => "NEWOBJ_EX",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        other => return (format!("operation {other:#04x}, which there is not"), "a pickle".into()),
    };
    let found = format!("operation {name}, which is not carried out");
    (found, DATA.into())
}

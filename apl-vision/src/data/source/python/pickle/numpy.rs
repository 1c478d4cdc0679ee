//! numpy's arrays in a pickle: the calls that make them, known as data.
//!
//! Up to protocol 4 an array is `numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b'b')`, to which the state `(1, shape, dtype, fortran,
//! bytes)` is given afterwards; in protocol 5 it is `numpy.core.numeric._frombuffer(bytes, dtype, shape, order)`. numpy 2 writes `numpy._core`. An
//! element type is `numpy.dtype('u1', False, True)`, to which `(3, '|', None, None, None, -1, -1, 0)` is given. Python 3 writes bytes for the
//! protocols 0 to 2 as `_codecs.encode(text, 'latin1')`.

use super::{
    object::{Contents, Id, Object},
    text,
};
use crate::error::Wrong;

/// A function or class that is known as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Reconstruct,
    FromBuffer,
    Array,
    Element,
    Encode,
    Bytes,
}

/// A function or class by module and name; `None` if it is not known.
pub(super) fn known(module: &str, name: &str) -> Option<Known> {
    Some(match (module, name) {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Known::Reconstruct,
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Known::FromBuffer,
        ("numpy", "ndarray") => Known::Array,
        ("numpy", "dtype") => Known::Element,
        ("_codecs", "encode") => Known::Encode,
        ("__builtin__" | "builtins", "bytes") => Known::Bytes,
        _ => return None,
    })
}

/// The type of an array's elements: integers of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    signed: bool,
    /// Bytes of an element.
    size: usize,
}

/// What a call gives.
///
/// # Errors
/// Other arguments than numpy writes.
pub(super) fn call<'a>(
    objects: &[Object<'a>],
    function: Known,
    arguments: &[Id],
) -> Result<Object<'a>, Wrong> {
    let argument = |n: usize| arguments.get(n).map(|&id| &objects[id.place()]);
    match function {
        Known::Reconstruct => match (argument(0), arguments.len()) {
            (Some(Object::Known(Known::Array)), 3) => Ok(Object::Array(None)),
            _ => Err(wrong_call("_reconstruct", "(numpy.ndarray, (0,), b'b')")),
        },
        Known::FromBuffer => {
            let &[bytes, element, shape, order] = arguments else {
                return Err(wrong_call("_frombuffer", "(bytes, dtype, shape, order)"));
            };
            let fortran = match &objects[order.place()] {
                Object::Text(order) if order == "C" => false,
                Object::Text(order) if order == "F" => true,
                _ => return Err(wrong_call("_frombuffer", "the order C or F")),
            };
            Ok(Object::Array(Some(Contents { shape, element, fortran, bytes })))
        }
        Known::Element => {
            let code = match argument(0) {
                Some(Object::Text(code)) => code.as_bytes(),
                Some(Object::Bytes(code)) => code,
                _ => return Err(wrong_call("dtype", "('u1', False, True)")),
            };
            let size = |digit: &u8| usize::from(digit - b'0');
            match code {
                [kind @ (b'u' | b'i'), digit @ (b'1' | b'2' | b'4' | b'8')] => {
                    Ok(Object::Element(Element { signed: *kind == b'i', size: size(digit) }))
                }
                other => {
                    let found = format!("elements of type {:.20?}", String::from_utf8_lossy(other));
                    Err((found, "integers".into()))
                }
            }
        }
        Known::Encode => match (argument(0), argument(1)) {
            (Some(Object::Text(text)), Some(Object::Text(code)))
                if matches!(code.as_ref(), "latin1" | "latin-1") =>
            {
                let bytes = text::latin1(text);
                let bytes = bytes.ok_or_else(|| wrong_call("encode", "a text in Latin-1"))?;
                Ok(Object::Bytes(bytes.into()))
            }
            _ => Err(wrong_call("encode", "(text, 'latin1')")),
        },
        Known::Bytes if arguments.is_empty() => Ok(Object::Bytes(Vec::new().into())),
        Known::Bytes => Err(wrong_call("bytes", "()")),
        Known::Array => Err(wrong_call("ndarray", "no call: arrays are made by _reconstruct")),
    }
}

/// Gives an array or an element type its state.
///
/// # Errors
/// Another object, another state than numpy writes.
pub(super) fn build(objects: &mut [Object], target: Id, state: Id) -> Result<(), Wrong> {
    let Object::Tuple(items) = &objects[state.place()] else {
        return Err((format!("{} as state", objects[state.place()].kind()), "a tuple".into()));
    };
    let item = |n: usize| items.get(n).map(|&id| &objects[id.place()]);
    let new = match &objects[target.place()] {
        Object::Array(_) => {
            let &[_version, shape, element, _fortran, bytes] = items.as_slice() else {
                let expected = "(1, shape, dtype, fortran, bytes)";
                return Err(("another state of an array".into(), expected.into()));
            };
            let fortran = matches!(item(3), Some(Object::Boolean(true) | Object::Integer(1)));
            Object::Array(Some(Contents { shape, element, fortran, bytes }))
        }
        &Object::Element(element) => {
            let order = match item(1) {
                Some(Object::Text(order)) => order.as_bytes(),
                Some(Object::Bytes(order)) => order,
                _ => return Err(("an element type without order".into(), "| or <".into())),
            };
            let little = order == b"<" || (element.size == 1 && matches!(order, b"|" | b"="));
            let plain = (2..5).all(|n| matches!(item(n), Some(Object::None)));
            if !little || !plain {
                let expected = "plain integers, the lowest byte first";
                return Err(("elements of another kind or byte order".into(), expected.into()));
            }
            Object::Element(element)
        }
        other => return Err((format!("a state for {}", other.kind()), "one of an array".into())),
    };
    objects[target.place()] = new;
    Ok(())
}

/// An array of integers.
#[derive(Debug)]
pub(crate) struct Array<'p> {
    /// The sizes of its axes.
    pub shape: Vec<usize>,
    /// Whether the first index runs fastest, and not the last.
    pub fortran: bool,
    bytes: &'p [u8],
    element: Element,
}

/// The value as an array whose bytes are as many as its shape says.
pub(super) fn array<'p>(objects: &'p [Object], id: Id) -> Result<Array<'p>, Wrong> {
    let contents = match &objects[id.place()] {
        Object::Array(Some(contents)) => contents,
        Object::Array(None) => return Err(("an array without contents".into(), "them".into())),
        other => return Err((other.kind().into(), "an array".into())),
    };
    let Object::Element(element) = objects[contents.element.place()] else {
        return Err(("an array without element type".into(), "numpy's dtype".into()));
    };
    let Object::Bytes(bytes) = &objects[contents.bytes.place()] else {
        let kind = objects[contents.bytes.place()].kind();
        return Err((format!("an array of {kind}"), "bytes".into()));
    };
    let shape = shape(objects, contents.shape);
    let shape = shape.ok_or_else(|| ("an array without shape".to_string(), "one".to_string()))?;
    let size = shape.iter().try_fold(element.size, |size, &axis| size.checked_mul(axis));
    if size != Some(bytes.len()) {
        let found = format!("{} bytes for an array of shape {shape:?}", bytes.len());
        return Err((found, format!("{} an element", element.size)));
    }
    Ok(Array { shape, fortran: contents.fortran, bytes, element })
}

fn shape(objects: &[Object], id: Id) -> Option<Vec<usize>> {
    let Object::Tuple(axes) = &objects[id.place()] else { return None };
    // numpy has at most 64 axes; more are not worth a list.
    let axes = Some(axes).filter(|axes| axes.len() <= 64)?;
    let axis = |id: &Id| match objects[id.place()] {
        Object::Integer(size) => usize::try_from(size).ok(),
        _ => None,
    };
    axes.iter().map(axis).collect()
}

impl<'p> Array<'p> {
    /// The elements in the order they lie in, if they are bytes without sign.
    pub(crate) fn unsigned_bytes(&self) -> Option<&'p [u8]> {
        (self.element == Element { signed: false, size: 1 }).then_some(self.bytes)
    }

    /// The elements of an array of one axis.
    ///
    /// # Errors
    /// More axes, an element beyond 64 bits with sign.
    pub(crate) fn integers(&self) -> Result<Vec<i64>, Wrong> {
        if self.shape.len() != 1 {
            return Err((format!("an array of shape {:?}", self.shape), "one axis".into()));
        }
        let one = |bytes: &[u8]| {
            let negative = self.element.signed && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut all = [if negative { 0xFF } else { 0 }; 8];
            all[..bytes.len()].copy_from_slice(bytes);
            if self.element.signed {
                return Ok(i64::from_le_bytes(all));
            }
            let value = u64::from_le_bytes(all);
            i64::try_from(value).map_err(|_| (value.to_string(), "less than 2^63".into()))
        };
        self.bytes.chunks_exact(self.element.size).map(one).collect()
    }
}

fn wrong_call(function: &str, expected: &str) -> Wrong {
    (format!("another call of {function}"), expected.into())
}

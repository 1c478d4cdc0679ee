//! Hostile pickles: refused by name, in bounded memory.

use proptest::prelude::*;

use super::{machine::STEPS, *};

fn error(bytes: &[u8]) -> String {
    match read(bytes) {
        Ok(_) => panic!("an error was expected"),
        Err((found, expected)) => format!("{found}, expected {expected}"),
    }
}

#[test]
fn functions_and_classes_are_refused_by_name() {
    // What `os.system("true")` looks like in protocol 0 and in protocol 4.
    assert_eq!(
        error(b"cos\nsystem\n(S'true'\ntR."),
        "at byte 0: a call for os.system, which is not carried out, expected plain data and numpy arrays"
    );
    assert_eq!(
        error(b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."),
        "at byte 17: a call for posix.system, which is not carried out, expected plain data and numpy arrays"
    );
    for name in [
        "builtins\neval",
        "__builtin__\ngetattr",
        "numpy\nload",
        "numpy.core.multiarray\nscalar",
        "_codecs\ndecode",
    ] {
        let found = error(format!("c{name}\n)R.").as_bytes());
        assert!(found.contains(&name.replace('\n', ".")), "{found}");
    }
    let long = "x".repeat(100_000);
    assert!(error(format!("c{long}\n{long}\n.").as_bytes()).len() < 300);
    for (bytes, name) in [
        (&b"(ios\nsystem\n."[..], "INST"),
        (b"(cnumpy\nndarray\no.", "OBJ"),
        (b"P1\n.", "PERSID"),
        (b"NQ.", "BINPERSID"),
        (b"cnumpy\nndarray\n)\x81.", "NEWOBJ"),
        (b"cnumpy\nndarray\n)}\x92.", "NEWOBJ_EX"),
        (b"\x82\x01.", "EXT1"),
        (b"\x97.", "NEXT_BUFFER"),
        (b"\x8F.", "EMPTY_SET"),
    ] {
        let found = error(bytes);
        assert!(found.contains(&format!("operation {name}, which is not carried out")), "{found}");
    }
}

#[test]
fn known_functions_are_called_only_as_numpy_does() {
    for (bytes, expected) in [
        (&b"cnumpy\nndarray\n)R."[..], "another call of ndarray"),
        (b"cnumpy.core.multiarray\n_reconstruct\n)R.", "another call of _reconstruct"),
        (
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nNN\x87R.",
            "another call of _reconstruct",
        ),
        (b"cnumpy.core.numeric\n_frombuffer\nNNN\x87R.", "another call of _frombuffer"),
        (
            b"cnumpy.core.numeric\n_frombuffer\n(NNNX\x01\x00\x00\x00AtR.",
            "another call of _frombuffer",
        ),
        (b"cnumpy\ndtype\nN\x85R.", "another call of dtype"),
        (b"cnumpy\ndtype\nU\x02O8\x85R.", "elements of type \"O8\""),
        (
            b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-7\x86R.",
            "another call of encode",
        ),
        (b"c_codecs\nencode\nV\\u0100\nVlatin1\n\x86R.", "another call of encode"),
        (b"cbuiltins\nbytes\nK\x09\x85R.", "another call of bytes"),
        (b"N)R.", "a call of None"),
        (b"cnumpy\ndtype\nNR.", "a call with None"),
        (b"]Nb.", "None as state"),
        (b"])b.", "a state for a list"),
        (b"cnumpy\ndtype\nU\x02u1\x85R)b.", "an element type without order"),
    ] {
        let found = error(bytes);
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn lengths_beyond_the_file_are_named_and_take_no_memory() {
    for (bytes, expected) in [
        (
            &b"T\xFF\xFF\xFF\x7Fabc"[..],
            "at byte 0: 3 bytes to the end of the file, expected 2147483647 more",
        ),
        (b"T\xFF\xFF\xFF\xFFabc", "at byte 0: a negative length, expected 0 or more"),
        (
            b"B\xFF\xFF\xFF\xFFabc",
            "at byte 0: 3 bytes to the end of the file, expected 4294967295 more",
        ),
        (
            b"\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFabc",
            "at byte 0: 3 bytes to the end of the file, expected 18446744073709551615 more",
        ),
        (b"\x95\x09\0\0\0\0\0\0\0N.", "at byte 0: a frame of 9 bytes, expected at most the 2 left"),
        (b"\x8A\x09123456789.", "at byte 0: an integer of 9 bytes, expected at most 8"),
        (b"\x80\x06N.", "at byte 0: protocol 6, expected 0 to 5"),
        (
            b"I99999999999999999999\n.",
            "at byte 0: \"99999999999999999999\", expected an integer of 64 bits",
        ),
        (b"S'abc", "at byte 0: a line without end, expected a line feed"),
        (b"U\x02\xFF\xFE", "at byte 4: 0 bytes to the end of the file, expected 1 more"),
        (b"\x8C\x02\xFF\xFE.", "at byte 0: bytes that are no UTF-8, expected a text"),
        (b"\xFF", "at byte 0: operation 0xff, which there is not, expected a pickle"),
        (b"", "at byte 0: 0 bytes to the end of the file, expected 1 more"),
    ] {
        assert_eq!(error(bytes), expected);
    }
}

#[test]
fn the_stack_and_what_is_kept_are_not_misused() {
    for (bytes, expected) in [
        (&b"."[..], "at byte 0: an empty stack, expected a value"),
        (b"0.", "at byte 0: an empty stack, expected a value"),
        (b"N(0.", "at byte 2: an empty stack, expected a value"),
        (b"Nt.", "at byte 1: no mark, expected one"),
        (b"N\x86.", "at byte 1: an empty stack, expected a value"),
        (b"h\x05.", "at byte 0: no value 5, expected one kept before"),
        (b"j\xFF\xFF\xFF\xFF.", "at byte 0: no value 4294967295, expected one kept before"),
        (b"g-1\n.", "at byte 0: place -1, expected 0 or more"),
        (b"q\x00.", "at byte 0: an empty stack, expected a value"),
        (b"NNa.", "at byte 2: items for None, expected for a list"),
        (b"}(Nu.", "at byte 3: a key without value, expected keys and values in pairs"),
        (b"](NNu.", "at byte 4: entries for a list, expected for a dictionary"),
        (b"NN.", "at byte 2: 1 more values and 0 more bytes at the end, expected one value"),
        (b"N.N", "at byte 1: 0 more values and 1 more bytes at the end, expected one value"),
        (
            b"NN\x93.",
            "at byte 2: a call for a name that is no text, expected plain data and numpy arrays",
        ),
    ] {
        assert_eq!(error(bytes), expected);
    }
    // A list and a dictionary that hold themselves, and a key kept twice, are what Python makes of them.
    assert!(read(b"]q\x00h\x00a.").is_ok());
    assert!(read(b"}q\x00Nh\x00s.").unwrap().entries().unwrap().is_empty());
    let pickle = read(b"}(U\x01aNq\x00K\x05q\x00U\x01bh\x00u.".as_slice());
    assert!(pickle.is_err_and(|(found, _)| found.contains("a key without value")));
}

#[test]
fn depth_and_number_are_bounded_and_shallow_for_us() {
    // A list in a list, and so on, falls apart without recursion.
    let nested = [vec![b']'; 400_000], vec![b'a'; 399_999], vec![b'.']].concat();
    assert!(read(&nested).is_ok());
    let tuples = [vec![b')'], vec![0x85; 900_000], vec![b'.']].concat();
    assert!(read(&tuples).is_ok());
    let many = [vec![b'N'; STEPS], vec![b'.']].concat();
    assert_eq!(
        error(&many),
        format!("more than {STEPS} operations, expected a pickle of one data batch")
    );
    // A text made into bytes again and again would grow without end.
    let mut again = b"c_codecs\nencode\nq\x00X\x00\x10\x00\x00".to_vec();
    again.extend([b'a'; 0x1000]);
    again.extend(b"q\x01Vlatin1\nq\x02");
    again.extend(b"h\x00h\x01h\x02\x86R".repeat(100));
    again.push(b'.');
    assert!(error(&again).contains("more bytes than the file has"));
}

proptest! {
    /// Bytes that mostly are operations.
    #[test]
    fn any_bytes_are_values_or_an_error(bytes in prop::collection::vec(prop_oneof![
        Just(b'('), Just(b'}'), Just(b']'), Just(b'N'), Just(b'K'), Just(b'q'), Just(b'h'), Just(b't'), Just(b'e'), Just(b'u'),
        Just(b'2'), Just(b'0'), Just(b'a'), Just(b's'), Just(0x85u8), Just(0x94u8), Just(b'R'), Just(b'b'), Just(b'.'), any::<u8>(),
    ], 0..60), known in 0usize..4) {
        let start: &[u8] = [&b""[..], b"cnumpy\ndtype\nU\x02u1\x85R", b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n"][known];
        let whole = [start, &bytes].concat();
        if let Ok(pickle) = read(&whole) {
            for (_, value) in pickle.entries().unwrap_or_default() {
                let _ = (value.array().map(|array| array.shape), value.integers());
            }
        }
    }
}

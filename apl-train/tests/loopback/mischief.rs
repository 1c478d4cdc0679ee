//! What may go wrong on demand.

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The commit of a revision.
    Info,
    /// What a file is.
    Metadata,
    /// The way to a content.
    Resolve,
    /// A content.
    Storage,
}

/// How a request is answered wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mischief {
    /// This status, and how long to stay away.
    Status(u16, Option<u64>),
    /// The connection is closed without an answer.
    Drop,
    /// The body ends after so many bytes, of more that were announced.
    Cut(usize),
    /// So many bytes fewer are announced, and sent.
    Short(usize),
    /// So many bytes more are announced than sent.
    Long(usize),
    /// So many bytes are added.
    More(usize),
    /// Every byte is another.
    Garbled,
    /// Nothing is said.
    HangBefore,
    /// Nothing more is said after so many bytes of the body.
    HangAfter(usize),
    /// The whole is sent though a part was asked for.
    Whole,
    /// A redirect to itself.
    Circle,
    /// A redirect to another address of the same that answers properly.
    Detour,
    /// These bytes instead of the answer's body.
    Body(&'static str),
    /// A header is left out or replaced.
    Header(&'static str, Option<&'static str>),
}

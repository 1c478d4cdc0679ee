//! A Hugging Face hub on this machine for tests: it speaks what clients of the real one rely on, counts what it is asked, and misbehaves on demand.
//!
//! ```text
//! GET  /api/datasets/<owner>/<name>/revision/<revision>      the full commit as JSON, for a branch or 7 digits of a commit and more
//! HEAD /datasets/<owner>/<name>/resolve/<commit>/<file>      302 to the storage, with X-Repo-Commit, X-Linked-Etag, X-Linked-Size
//! GET  the same                                              302 to the storage
//! HEAD, GET /storage/<sha256>                                the content, 200, or 206 for a Range
//! ```

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
};

use sha2::{Digest, Sha256};

mod answer;
mod mischief;

use answer::{Answer, Place, place};
pub use mischief::{Kind, Mischief};

/// The commit of everything that this hub has.
pub const COMMIT: &str = "0b2714987fa478483af9968de7c934580d0bb9a2";

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub kind: Option<Kind>,
    pub token: Option<String>,
    /// The first byte of the range.
    pub from: Option<u64>,
    /// Bytes of a body that were handed to the connection.
    pub sent: u64,
}

#[derive(Debug, Default)]
struct State {
    /// By repository and file.
    files: BTreeMap<(String, String), Vec<u8>>,
    /// By kind: what is done to the next requests, how often.
    mischief: Vec<(Kind, Mischief, usize)>,
    asked: Vec<Asked>,
}

/// A hub that runs until the test ends.
#[derive(Debug, Clone)]
pub struct Hub {
    state: Arc<Mutex<State>>,
    pub endpoint: String,
}

/// Times that never end.
pub const ALWAYS: usize = usize::MAX;

impl Hub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let hub = Self { state: Arc::default(), endpoint };
        let serving = hub.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hub = serving.clone();
                std::thread::spawn(move || hub.serve(stream));
            }
        });
        hub
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn put(&self, repository: &str, file: &str, content: impl Into<Vec<u8>>) {
        self.state().files.insert((repository.into(), file.into()), content.into());
    }

    /// Misbehaves the next `times` requests of a kind.
    pub fn misbehave(&self, kind: Kind, mischief: Mischief, times: usize) {
        self.state().mischief.push((kind, mischief, times));
    }

    /// Behaves from now on.
    pub fn behave(&self) {
        self.state().mischief.clear();
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// How often something of this kind was asked; contents with GET only.
    pub fn count(&self, kind: Kind) -> usize {
        let get = |asked: &&Asked| kind != Kind::Storage || asked.method == "GET";
        self.asked().iter().filter(|asked| asked.kind == Some(kind)).filter(get).count()
    }

    /// The first bytes of the ranges of contents that were asked for; 0 for a whole.
    pub fn ranges(&self) -> Vec<u64> {
        let asked = self.asked();
        let contents = asked.iter().filter(|a| a.kind == Some(Kind::Storage) && a.method == "GET");
        contents.map(|asked| asked.from.unwrap_or(0)).collect()
    }

    fn mischief(&self, kind: Kind) -> Option<Mischief> {
        let mut state = self.state();
        let planned = state.mischief.iter_mut().find(|(of, _, left)| *of == kind && *left > 0)?;
        planned.2 = planned.2.saturating_sub(usize::from(planned.2 != ALWAYS));
        Some(planned.1.clone())
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some((mut asked, place)) = self.read(&stream) else { return };
        let index = {
            let mut state = self.state();
            state.asked.push(asked.clone());
            state.asked.len() - 1
        };
        let mischief = asked.kind.and_then(|kind| self.mischief_for(kind, &asked));
        let mut answer = match place {
            Some(place) => self.answer(&mut asked, &place),
            None => Answer::status(404),
        };
        match &mischief {
            Some(Mischief::Drop) => return,
            Some(Mischief::HangBefore) => return hang(stream),
            Some(Mischief::Status(status, after)) => {
                answer = Answer::status(*status);
                answer.header("retry-after", after.map(|after| after.to_string()));
            }
            Some(Mischief::Circle) => {
                answer = Answer::status(302);
                answer.header("location", Some(asked.path.clone()));
            }
            Some(Mischief::Detour) => {
                answer = Answer::status(307);
                answer.header("location", Some(asked.path.clone()));
            }
            Some(Mischief::Body(text)) => answer.body = text.as_bytes().to_vec(),
            Some(Mischief::Garbled) => answer.body.iter_mut().for_each(|byte| *byte ^= 0x55),
            Some(Mischief::Whole) => {
                if let Some(whole) = answer.whole.take() {
                    (answer.status, answer.body) = (200, whole);
                    answer.header("content-range", None);
                }
            }
            Some(Mischief::More(count)) => answer.body.extend(vec![b'x'; *count]),
            Some(Mischief::Short(count)) => {
                let left = answer.body.len().saturating_sub(*count);
                answer.body.truncate(left);
            }
            Some(Mischief::Header(name, value)) => answer.header(name, value.map(String::from)),
            _ => {}
        }
        let announced = answer.body.len() as u64
            + if let Some(Mischief::Long(count)) = mischief { count as u64 } else { 0 };
        let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", answer.status);
        head.push_str(&format!("content-length: {announced}\r\n"));
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        if stream.write_all(head.as_bytes()).is_err() || asked.method == "HEAD" {
            return;
        }
        let until = match mischief {
            Some(Mischief::Cut(count) | Mischief::HangAfter(count)) => count.min(answer.body.len()),
            _ => answer.body.len(),
        };
        self.state().asked[index].sent = until as u64;
        let _ = stream.write_all(&answer.body[..until]);
        let _ = stream.flush();
        if let Some(Mischief::HangAfter(_)) = mischief {
            hang(stream);
        }
    }

    /// Contents are told by GET, so that alone is tampered with.
    fn mischief_for(&self, kind: Kind, asked: &Asked) -> Option<Mischief> {
        if kind == Kind::Storage && asked.method != "GET" {
            return None;
        }
        self.mischief(kind)
    }

    fn read(&self, stream: &TcpStream) -> Option<(Asked, Option<Place>)> {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        let first = lines.next()?.ok()?;
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
        let mut asked = Asked { method, path, kind: None, token: None, from: None, sent: 0 };
        for line in lines {
            let line = line.ok()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => asked.token = Some(value.into()),
                "range" => {
                    asked.from = value.strip_prefix("bytes=")?.split('-').next()?.parse().ok();
                }
                _ => {}
            }
        }
        let place = place(&asked.path);
        asked.kind = place.as_ref().map(|place| match place {
            Place::Revision(..) => Kind::Info,
            Place::Resolve(..) if asked.method == "HEAD" => Kind::Metadata,
            Place::Resolve(..) => Kind::Resolve,
            Place::Storage(_) => Kind::Storage,
        });
        Some((asked, place))
    }
}

/// Says nothing until the other side gives up.
fn hang(mut stream: TcpStream) {
    let _ = stream.read(&mut [0]);
}

/// The SHA-256 of a content in hexadecimal.
pub fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

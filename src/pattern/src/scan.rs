//! Scan of an event: one pass finds the values at the paths that patterns name, and passes over the rest.

use super::EventError;
use super::address::Address;
use super::decide::holds;
use super::index::{Index, NONE, Path};
use super::json::{number_length, unescape};
use super::number;
use super::value::Literal;
use super::work::{Frame, Kind, Leaf, List, Node, Work};

pub(super) fn scan(index: &Index, event: &[u8], work: &mut Work) -> Result<(), EventError> {
    if u32::try_from(event.len()).is_err() {
        return Err(EventError { offset: 0, expected: "an event of less than 4 GiB" });
    }
    work.marks.mark(event);
    let mut scan = Scan { index, event, work, at: 0, may_skip: true };
    scan.event()?;
    if work.is_late {
        // A key of the first level was repeated after the decision whether to read on. The event is read again.
        work.forget();
        Scan { index, event, work, at: 0, may_skip: false }.event()?;
    }
    Ok(())
}

struct Scan<'a> {
    index: &'a Index,
    event: &'a [u8],
    work: &'a mut Work,
    at: usize,
    /// True if values that no pattern can match are passed over.
    may_skip: bool,
}

impl Scan<'_> {
    fn event(&mut self) -> Result<(), EventError> {
        if self.peek() != Some(b'{') {
            return self.fail("`{`, as an event is a JSON object");
        }
        self.at += 1;
        let mut frame = Frame { step: 0, node: 0, list: NONE, is_node: false };
        let mut is_first = true;
        loop {
            let close = if frame.list == NONE { b'}' } else { b']' };
            let is_empty = is_first && self.peek() == Some(close);
            if !is_empty {
                let entered = self.member(frame)?;
                if let Some(entered) = entered {
                    self.work.frames.push(frame);
                    frame = entered;
                    is_first = true;
                    continue;
                }
            }
            // After the end of a value, the objects and lists that contain it may end too.
            loop {
                let close = if frame.list == NONE { b'}' } else { b']' };
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        is_first = false;
                        break;
                    }
                    Some(byte) if byte == close => {
                        self.at += 1;
                        self.leave(frame);
                        let Some(outer) = self.work.frames.pop() else { return self.end() };
                        frame = outer;
                    }
                    _ => return self.fail(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" }),
                }
            }
        }
    }

    fn leave(&mut self, frame: Frame) {
        let end = self.work.nodes.len() as u32;
        if frame.list != NONE {
            self.work.lists[frame.list as usize].end = end;
        }
        if frame.is_node {
            self.work.nodes[frame.node as usize].end = end;
        }
    }

    fn end(&mut self) -> Result<(), EventError> {
        if self.peek().is_some() {
            return self.fail("the end of the event");
        }
        Ok(())
    }

    /// Reads a member of an object or an element of a list. Returns the frame of an object or list that patterns look
    /// into, which is entered but not read.
    fn member(&mut self, frame: Frame) -> Result<Option<Frame>, EventError> {
        let step = if frame.list == NONE { self.key(frame.step)? } else { frame.step };
        let Some(first) = self.peek() else { return self.fail("a value") };
        match first {
            b'"' => {
                let start = self.at + 1;
                self.skip_string()?;
                if step != NONE {
                    self.text(step, frame.node, start, self.at - 1)?;
                }
            }
            b'{' | b'[' => {
                let enter = step != NONE && {
                    let step = &self.index.steps[step as usize];
                    !step.children.is_empty() || (first == b'[' && step.path != NONE)
                };
                if enter && !(first == b'{' && self.is_hopeless(frame, step)) {
                    self.at += 1;
                    return Ok(Some(self.enter(frame, step, first == b'[')));
                }
                match self.work.marks.after(self.at) {
                    Some(end) => self.at = end,
                    None => return self.fail("the end of what begins here"),
                }
            }
            _ => self.scalar(step, frame.node)?,
        }
        Ok(None)
    }

    /// Returns true if no pattern that looks into the value can match, by the first level of the event so far.
    fn is_hopeless(&mut self, frame: Frame, step: u32) -> bool {
        let Self { index, event, work, .. } = self;
        let gates = &index.steps[step as usize].gates;
        if !self.may_skip || gates.is_empty() || frame.step != 0 || frame.list != NONE {
            return false;
        }
        let mut may_hold = |condition: &u32| {
            let path = index.conditions[*condition as usize].path;
            !work.rely_on(path) || holds(index, event, work, *condition)
        };
        !gates.iter().any(|gate| gate.iter().all(&mut may_hold))
    }

    fn enter(&mut self, outer: Frame, step: u32, is_list: bool) -> Frame {
        let work = &mut *self.work;
        let mut frame = Frame { step, node: outer.node, list: NONE, is_node: outer.list != NONE };
        if frame.is_node {
            let depth = work.nodes[outer.node as usize].depth + 1;
            frame.node = work.nodes.len() as u32;
            work.nodes.push(Node { parent: outer.node, list: outer.list, end: NONE, depth });
        }
        if is_list {
            frame.list = work.lists.len() as u32;
            work.lists.push(List { first: work.nodes.len() as u32, end: NONE });
        }
        frame
    }

    /// Reads a key with the colon after it. Returns its step after `from`, or `NONE`.
    fn key(&mut self, from: u32) -> Result<u32, EventError> {
        if self.peek() != Some(b'"') {
            return self.fail("a key in double quotes");
        }
        let start = self.at + 1;
        self.skip_string()?;
        let key = &self.event[start..self.at - 1];
        let step = if self.has_escapes(start, self.at - 1) {
            let decoded = self.work.decoded.len();
            self.decode(start, self.at - 1)?;
            let step = self.index.step(from, &self.work.decoded[decoded..]);
            self.work.decoded.truncate(decoded);
            step
        } else {
            self.index.step(from, key)
        };
        if self.peek() != Some(b':') {
            return self.fail("`:`");
        }
        self.at += 1;
        Ok(step)
    }

    fn has_escapes(&self, start: usize, end: usize) -> bool {
        self.work.marks.may_have_escapes(start, end)
            && memchr::memchr(b'\\', &self.event[start..end]).is_some()
    }

    /// Appends a text to `decoded`, with its escapes decoded.
    fn decode(&mut self, start: usize, end: usize) -> Result<(), EventError> {
        let mut rest = &self.event[start..end];
        while let Some(escape) = memchr::memchr(b'\\', rest) {
            self.work.decoded.extend_from_slice(&rest[..escape]);
            let Some((decoded, length)) = unescape(&rest[escape..]) else {
                return Err(EventError { offset: end - rest.len() + escape, expected: "an escape of JSON" });
            };
            self.work.decoded.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[escape + length..];
        }
        self.work.decoded.extend_from_slice(rest);
        Ok(())
    }

    fn text(&mut self, step: u32, node: u32, start: usize, end: usize) -> Result<(), EventError> {
        let path = self.index.steps[step as usize].path;
        if path == NONE {
            return Ok(());
        }
        let mut leaf = Leaf {
            next: NONE,
            node,
            value: NONE,
            address: NONE,
            kind: Kind::Text,
            start: start as u32,
            end: end as u32,
        };
        if self.has_escapes(start, end) {
            leaf.kind = Kind::Decoded;
            leaf.start = self.work.decoded.len() as u32;
            self.decode(start, end)?;
            leaf.end = self.work.decoded.len() as u32;
        }
        let named = &self.index.paths[path as usize];
        let source = if leaf.kind == Kind::Text { self.event } else { &self.work.decoded };
        let text = &source[leaf.start as usize..leaf.end as usize];
        leaf.value = named.texts.get(text).copied().unwrap_or(NONE);
        if !named.addresses.is_empty() {
            let address = Address::parse(text);
            leaf.address = address.and_then(|address| named.addresses.get(&address)).copied().unwrap_or(NONE);
        }
        self.work.push(path, leaf);
        Ok(())
    }

    /// Reads a number, `true`, `false` or `null`. The spelling is checked only where patterns look.
    fn scalar(&mut self, step: u32, node: u32) -> Result<(), EventError> {
        let rest = &self.event[self.at..];
        let path = if step == NONE { NONE } else { self.index.steps[step as usize].path };
        if path == NONE {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            if !matches!(rest[0], b'-' | b'0'..=b'9' | b't' | b'f' | b'n') {
                return self.fail("a value");
            }
            self.at += length;
            return Ok(());
        }
        let named = &self.index.paths[path as usize];
        let (kind, value, length) = match literal(rest) {
            Some((literal, length)) => {
                let value = named.literals.iter().find(|(known, _)| *known == literal);
                (Kind::Literal(literal), value.map_or(NONE, |(_, value)| *value), length)
            }
            None => match number_length(rest) {
                Some(length) => (Kind::Number, number_value(named, &rest[..length]), length),
                None => return self.fail("a value"),
            },
        };
        let (start, end) = (self.at as u32, (self.at + length) as u32);
        self.at += length;
        self.work.push(path, Leaf { next: NONE, node, value, address: NONE, kind, start, end });
        Ok(())
    }

    fn skip_string(&mut self) -> Result<(), EventError> {
        match self.work.marks.quote(self.at + 1) {
            Some(end) => self.at = end + 1,
            None => return self.fail("a string that ends"),
        }
        Ok(())
    }

    /// Returns the next byte that is not white space, without consuming it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.event.get(self.at)? {
                byte if byte > b' ' => return Some(byte),
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, EventError> {
        Err(EventError { offset: self.at, expected })
    }
}

fn literal(rest: &[u8]) -> Option<(Literal, usize)> {
    match rest.first()? {
        b't' => rest.starts_with(b"true").then_some((Literal::True, 4)),
        b'f' => rest.starts_with(b"false").then_some((Literal::False, 5)),
        b'n' => rest.starts_with(b"null").then_some((Literal::Null, 4)),
        _ => None,
    }
}

fn number_value(named: &Path, spelled: &[u8]) -> u32 {
    if named.numbers.is_empty() && named.spelled.is_empty() {
        return NONE;
    }
    let value = match number::exact(spelled) {
        Some(value) => named.numbers.get(&value.to_bits()),
        None => named.spelled.get(spelled),
    };
    value.copied().unwrap_or(NONE)
}

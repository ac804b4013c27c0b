//! Generates patterns and events from arbitrary bytes.

use super::words::{
    COMPARISONS, FIRST_ADDRESSES, KEYS, MASKS, NUMBERS, ODD_KEYS, PIECES, PLAIN, WORDS, WRONG,
};

/// Patterns and events of one input. Each pattern is matched with each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Texts of the patterns.
    pub patterns: Vec<String>,
    /// Texts of the events.
    pub events: Vec<Vec<u8>>,
}

impl Case {
    /// Builds a case. Bytes that begin like text are taken unchanged; all others steer the generation.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.first().is_some_and(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n')) {
            return Self::plain(bytes);
        }
        let mut draw =
            Draw { bytes, flavour: Flavour::Mixed, keys: Vec::new(), words: WORDS[0], numbers: NUMBERS[0] };
        draw.flavour = draw.of(&[Flavour::Structure, Flavour::Values, Flavour::Mixed]);
        draw.keys = (0..3).map(|n| if draw.once_in(3) { draw.of(ODD_KEYS) } else { KEYS[n] }).collect();
        if draw.once_in(16) {
            draw.keys = ODD_KEYS[..3].to_vec();
        }
        draw.words = if draw.once_in(3) { draw.of(&WORDS[FIRST_ADDRESSES..]) } else { draw.of(WORDS) };
        draw.numbers = draw.of(NUMBERS);
        let (patterns, events) = (1 + draw.below(4), 1 + draw.below(2));
        Self {
            patterns: (0..patterns).map(|_| draw.pattern()).collect(),
            events: (0..events).map(|_| draw.event().into_bytes()).collect(),
        }
    }

    /// Splits a text by line. The last line is the event.
    fn plain(bytes: &[u8]) -> Self {
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        let event = lines.pop().unwrap_or_default();
        let patterns = lines.iter().filter_map(|line| String::from_utf8(line.to_vec()).ok());
        Self { patterns: patterns.collect(), events: vec![event.to_vec()] }
    }
}

/// Emphasis of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    /// Arrays, nesting, `$or` and absence.
    Structure,
    /// All operators on one field.
    Values,
    /// Both.
    Mixed,
}

/// Source of decisions, one byte each. After the last byte, every decision is the first choice.
struct Draw<'a> {
    bytes: &'a [u8],
    flavour: Flavour,
    /// Keys that this case uses.
    keys: Vec<&'static str>,
    words: &'static [&'static str],
    numbers: &'static [&'static str],
}

impl Draw<'_> {
    /// Returns a number below `bound`, which is at most 256.
    fn below(&mut self, bound: usize) -> usize {
        let Some((byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*byte) % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Returns true once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// Between `least` and `most` items, joined by commas.
    fn some(&mut self, least: usize, most: usize, mut item: impl FnMut(&mut Self) -> String) -> String {
        let count = least + self.below(most - least + 1);
        let items: Vec<String> = (0..count).map(|_| item(self)).collect();
        items.join(if self.once_in(16) { " ,\n" } else { "," })
    }

    fn key(&mut self) -> String {
        let key = match self.below(16) {
            15 => self.of(ODD_KEYS),
            14 => self.of(KEYS),
            n => self.keys[n % self.keys.len()],
        };
        self.spelled(key)
    }

    /// Text in quotes, sometimes with needless escapes.
    fn spelled(&mut self, text: &str) -> String {
        let escapes = self.once_in(8);
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '/' if escapes => out.push_str("\\/"),
                '\n' if escapes => out.push_str("\\n"),
                c if escapes && self.below(2) == 0 => {
                    let upper = self.below(2) == 0;
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&if upper {
                            format!("\\u{unit:04X}")
                        } else {
                            format!("\\u{unit:04x}")
                        });
                    }
                }
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\0'..' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        out + "\""
    }

    /// Text of one word or several pieces.
    fn text(&mut self) -> String {
        match self.below(8) {
            0..=4 => self.of(self.words).to_owned(),
            5 => {
                let words = self.of(WORDS);
                self.of(words).to_owned()
            }
            _ => {
                let count = self.below(5);
                (0..count).map(|_| self.of(PIECES)).collect()
            }
        }
    }

    fn string(&mut self) -> String {
        let text = self.text();
        self.spelled(&text)
    }

    fn number(&mut self) -> String {
        match self.below(8) {
            0..=4 => return self.of(self.numbers).to_owned(),
            5 => {
                let numbers = self.of(NUMBERS);
                return self.of(numbers).to_owned();
            }
            _ => {}
        }
        let (sign, digit) = (self.of(&["", "-"]), self.below(10));
        let fraction = self.of(&["", ".0", ".5", ".25", ".500"]);
        let power = self.of(&["", "e0", "e1", "E-1", "e+2", "e-324", "e308", "e22"]);
        format!("{sign}{digit}{fraction}{power}")
    }

    fn scalar(&mut self) -> String {
        if self.flavour == Flavour::Structure {
            return self.of(PLAIN).to_owned();
        }
        match self.below(6) {
            0..=2 => self.string(),
            3 | 4 => self.number(),
            _ => self.of(&["null", "true", "false"]).to_owned(),
        }
    }

    fn pattern(&mut self) -> String {
        let text = if self.flavour == Flavour::Values {
            format!("{{\"a\":{}}}", self.list())
        } else {
            self.fields(0)
        };
        if self.once_in(64) { text + self.of(&[" ", " x", "}", "\n"]) } else { text }
    }

    /// Object of a pattern.
    fn fields(&mut self, depth: usize) -> String {
        let most = if depth == 0 { 3 } else { 2 };
        let fields = self.some(1, most, |draw| match draw.below(8) {
            7 if depth < 2 => {
                let least = if draw.once_in(32) { 0 } else { 2 };
                let branches = draw.some(least, 3, |draw| draw.fields(depth + 1));
                format!("\"$or\":[{branches}]")
            }
            5 | 6 if depth < 3 => format!("{}:{}", draw.key(), draw.fields(depth + 1)),
            _ => format!("{}:{}", draw.key(), draw.list()),
        });
        format!("{{{fields}}}")
    }

    /// List of a field.
    fn list(&mut self) -> String {
        if self.once_in(64) {
            return self.of(WRONG).to_owned();
        }
        let items = self.some(1, 3, |draw| {
            if draw.flavour == Flavour::Structure {
                return match draw.below(6) {
                    0 => "{\"exists\":false}".to_owned(),
                    1 => "{\"exists\":true}".to_owned(),
                    2 => format!("{{\"anything-but\":{}}}", draw.of(&["\"x\"", "1", "[\"x\",\"y\"]"])),
                    _ => draw.scalar(),
                };
            }
            match draw.below(4) {
                0 => draw.scalar(),
                _ => draw.operator(),
            }
        });
        format!("[{items}]")
    }

    /// Operator with its operand.
    fn operator(&mut self) -> String {
        match self.below(10) {
            0 => format!("{{\"exists\":{}}}", self.of(&["true", "false"])),
            1 => format!("{{\"exactly\":{}}}", self.string()),
            2 => {
                let (end, text) = (self.of(&["prefix", "suffix"]), self.string());
                format!("{{\"{end}\":{text}}}")
            }
            3 => {
                let (end, text) = (self.of(&["prefix", "suffix"]), self.string());
                format!("{{\"{end}\":{{\"equals-ignore-case\":{text}}}}}")
            }
            4 => format!("{{\"equals-ignore-case\":{}}}", self.string()),
            5 => format!("{{\"wildcard\":{}}}", self.string()),
            6 => {
                let words = if self.below(2) == 0 { self.words } else { self.of(&WORDS[FIRST_ADDRESSES..]) };
                let network = format!("{}/{}", self.of(words), self.of(MASKS));
                format!("{{\"cidr\":{}}}", self.spelled(&network))
            }
            7 => self.numeric(),
            _ => self.anything_but(),
        }
    }

    fn numeric(&mut self) -> String {
        if self.below(2) == 0 {
            let (comparison, bound) = (self.of(COMPARISONS), self.number());
            return format!("{{\"numeric\":[\"{comparison}\",{bound}]}}");
        }
        let (low, bottom) = (self.of(&[">", ">="]), self.number());
        let (high, top) = (self.of(&["<", "<="]), self.number());
        format!("{{\"numeric\":[\"{low}\",{bottom},\"{high}\",{top}]}}")
    }

    fn anything_but(&mut self) -> String {
        let operand = match self.below(6) {
            0 => self.string(),
            1 => self.number(),
            2 => format!("[{}]", self.some(1, 3, Self::string)),
            3 => format!("[{}]", self.some(1, 3, Self::number)),
            n => {
                let operator = self.of(&["prefix", "suffix", "equals-ignore-case", "wildcard"]);
                let text =
                    if n == 4 { self.string() } else { format!("[{}]", self.some(1, 3, Self::string)) };
                format!("{{\"{operator}\":{text}}}")
            }
        };
        format!("{{\"anything-but\":{operand}}}")
    }

    fn event(&mut self) -> String {
        if self.flavour == Flavour::Values {
            return format!("{{\"a\":{}}}", self.value(3));
        }
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> String {
        let least = usize::from(depth == 0);
        let members = self.some(least, 4, |draw| format!("{}:{}", draw.key(), draw.value(depth + 1)));
        format!("{{{members}}}")
    }

    fn value(&mut self, depth: usize) -> String {
        match self.below(8) {
            6 | 7 if depth < 4 => format!("[{}]", self.some(0, 3, |draw| draw.value(depth + 1))),
            5 if depth < 4 => format!("[{}]", self.some(1, 3, |draw| draw.object(depth + 1))),
            4 if depth < 4 => self.object(depth + 1),
            _ => self.scalar(),
        }
    }
}

//! Names that a stranger may choose, and checks that a text shows them as text.

/// Names with marks of chat clients, terminals, mails and shells.
pub const NAMES: [&str; 24] = [
    "<https://evil.example|Restore now>",
    "<!channel> <!here> <@U012AB3CD> <#C123ABC456>",
    "@channel @here #general",
    "[Restore now](https://evil.example/x)",
    "https://evil.example/restore?rule=fix-acl&now",
    "*bold* _italic_ ~gone~ __both__",
    "`code` and ```block```",
    "> a quotation\n>>> of three",
    "&lt;!channel&gt; &amp;",
    "<b onclick=alert(1)>html</b>",
    "two\nlines\r\nAlert id: forged",
    "hint: \r\u{1b}[2J\u{1b}[31mred\u{7f}\u{8}",
    "\u{9b}2J \u{85} \u{2028} \u{2029}",
    "\u{202e}evil\u{202c} \u{2066}x\u{2069} \u{200f}",
    "in\u{200b}visi\u{feff}ble \u{e0041}",
    "$(touch /tmp/owned) `id` ${HOME}",
    "'; rm -rf / #",
    "\"; reboot; \"",
    "a && b || c | d > e < f",
    "it's 'quoted' \\ \\' \"twice\"",
    "--force",
    "-h",
    "* ? ~ ! { } [a-z]",
    "",
];

/// Rule names and names of buses that AWS allows, and that a shell command or a chat client may take for more.
pub const RULES: [&str; 6] = ["--force", "-h", "_x_", "__init__", "-orders/--all", "_bus_/-x"];

/// Problem of a text that should be lines of visible characters. `None` if there is none.
pub fn plain_problem(text: &str) -> Option<String> {
    let hidden = |c: char| {
        c != '\n' && c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
            || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().find(|c| hidden(*c)).map(|c| format!("{c:?} in {text:?}"))
}

/// Problem of a text in which a chat client would find a mark. `None` if there is none. One command between backticks
/// may end the text.
pub fn chat_problem(text: &str) -> Option<String> {
    let (prose, code) = match text.strip_suffix('`').and_then(|text| text.rsplit_once('`')) {
        Some((prose, code)) => (prose, code),
        None => (text, ""),
    };
    let found = |what: &str| Some(format!("{what} in {text:?}"));
    if text.contains(['<', '>', '\n']) {
        return found("a mark of Slack");
    }
    let entities =
        text.split('&').skip(1).all(|rest| ["amp;", "lt;", "gt;"].iter().any(|e| rest.starts_with(e)));
    if !entities {
        return found("a bare &");
    }
    if prose.contains(['`', '*', '~']) || code.contains('`') {
        return found("a format");
    }
    if prose.contains("://") || prose.contains("](") {
        return found("a link");
    }
    let chars: Vec<char> = prose.chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    for (at, c) in chars.iter().enumerate() {
        let (before, after) = (is_word(at.checked_sub(1)), is_word(Some(at + 1)));
        match c {
            '_' if !(before && after) => return found("an italic"),
            '@' | '#' if !before => return found("a mention"),
            _ => {}
        }
    }
    plain_problem(text)
}

/// Words that a shell makes of a text, as `sh` sees them.
///
/// # Errors
/// There is no shell, or the text is no simple command.
pub fn words(text: &str) -> Result<Vec<String>, super::Failure> {
    let script = format!("set -- {text}\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done");
    let output = std::process::Command::new("sh").args(["-f", "-c", &script]).output()?;
    if !output.status.success() {
        return Err(format!("{text}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut words: Vec<String> = text.split('\0').map(str::to_owned).collect();
    words.pop();
    Ok(words)
}

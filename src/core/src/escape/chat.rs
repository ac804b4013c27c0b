//! Text for chat channels.
//!
//! Amazon Q Developer renders `title`, `description` and `nextSteps` of a custom notification as markdown of the chat
//! client. Source: "Custom notifications using Amazon Q Developer in chat applications", parameter `textType`. Slack
//! acts on `<`, `>` and `&` and takes no escape for its other marks. Source: "Formatting message text" (Slack).
//! Microsoft Teams also takes the links of Markdown.

use super::plain;

/// Text in which neither Slack nor Microsoft Teams finds a link, a mention or a format. It is one line, see [`plain`].
///
/// Marks that cannot be escaped become characters that look alike. `_` within a word is no mark, and stays, so that
/// names can be copied. Names of emoji stay as they are, because ARNs have the same form.
pub fn chat(text: &str) -> String {
    let text = plain(text);
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            // A quotation, also where it is escaped.
            '>' if before.is_none_or(|before| before == '>') => shown.push('›'),
            '>' => shown.push_str("&gt;"),
            '`' => shown.push('\''),
            '*' => shown.push('∗'),
            '~' => shown.push('∼'),
            '_' if is_edge(before) || is_edge(rest.clone().next()) => shown.push('＿'),
            '@' if is_edge(before) => shown.push('＠'),
            '#' if is_edge(before) => shown.push('＃'),
            '(' if before == Some(']') => shown.push_str(" ("),
            // Clients make links of what has the form of one.
            ':' if rest.as_str().starts_with("//") => shown.push_str("[:]"),
            c => shown.push(c),
        }
        before = Some(c);
    }
    shown
}

/// Command between backticks, in which chat clients look for no marks but `<`, `>` and `&`.
pub fn chat_code(command: &str) -> String {
    let command = plain(command).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("`{}`", command.replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_mark() {
        let check = |text: &str, shown: &str| assert_eq!(chat(text), shown);
        check("rule \"fix_acl\" by ann@example.com: 5 of 7", "rule \"fix_acl\" by ann@example.com: 5 of 7");
        check("<https://evil.example|Restore now>", "&lt;https[:]//evil.example|Restore now&gt;");
        check("<!channel> @here #general", "&lt;!channel&gt; ＠here ＃general");
        check("*bold* _italic_ ~gone~ `code`", "∗bold∗ ＿italic＿ ∼gone∼ 'code'");
        check("__init__ a_b_ a_b", "＿＿init＿＿ a_b＿ a_b");
        check("[Restore](https://evil.example)", "[Restore] (https[:]//evil.example)");
        check(">>> quoted > &lt;", "››› quoted &gt; &amp;lt;");
        check("a\n# b", "a\\n# b");
        assert_eq!(chat_code("a <b> `c` & d"), "`a &lt;b&gt; 'c' &amp; d`");
    }
}

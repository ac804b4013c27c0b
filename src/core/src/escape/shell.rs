//! Words of a shell command that people copy.

/// Word of a POSIX shell: in single quotes if it has any character that a shell may act on.
///
/// Source: "Shell Command Language", Quoting (POSIX.1-2024).
pub fn shell(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@+=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Option with its value: `--name value`, or `--name=value` where the value would pass for an option itself.
pub fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{between}{}", shell(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let check = |word: &str, quoted: &str| assert_eq!(shell(word), quoted);
        check("prod", "prod");
        check("arn:aws:sns:eu-west-1:123456789012:alerts", "arn:aws:sns:eu-west-1:123456789012:alerts");
        check("", "''");
        check("my profile", "'my profile'");
        check("it's; rm", r"'it'\''s; rm'");
        check("$(a) `b` & c | d > e * ~", "'$(a) `b` & c | d > e * ~'");
        assert_eq!(option("--bus", "orders"), "--bus orders");
        assert_eq!(option("--bus", "--force"), "--bus=--force");
        assert_eq!(option("--profile", "-a b"), "--profile='-a b'");
    }
}

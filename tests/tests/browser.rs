//! The pages of the reports in headless Chromium: at two widths, light and dark, with nothing cut off, nothing loaded and
//! nothing in the console.
//!
//! `CHROME` names the browser. Without one the test says so and passes.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use budget_guard_tests::Failure;
use budget_guard_tests::folders::{root, say};
use serde_json::{Value, json};

const PAGES: [&str; 2] = ["explain.html", "replay.html"];
const WIDTHS: [u32; 2] = [400, 1_400];
/// Value of Blink's setting for each mode, with the background of the page.
const MODES: [(&str, &str, &str); 2] =
    [("light", "1", "rgb(255, 255, 255)"), ("dark", "0", "rgb(15, 20, 25)")];

/// Page that shows another one at a width, and prints what it measures. A frame has its own width for media queries. The
/// header of a table is hidden on narrow screens, where each cell has its label.
const PROBE: &str = r#"<!DOCTYPE html><iframe id="f" width="WIDTH" height="900" style="border:0"></iframe><pre id="seen"></pre>
<script>
const frame = document.getElementById("f");
frame.onload = () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  const shown = (e) => e.getClientRects().length > 0;
  const wide = [...page.querySelectorAll("main *")].filter((e) => shown(e) && !e.closest("svg, thead") && e.getBoundingClientRect().right > view.innerWidth + 1);
  const svgs = [...page.querySelectorAll("svg")];
  document.getElementById("seen").textContent = JSON.stringify({
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    cut_off: wide.map((e) => e.tagName + "." + e.className),
    unnamed: svgs.filter((e) => e.getAttribute("role") !== "img" || !e.getAttribute("aria-label") || !e.querySelector("title")).length,
    charts: svgs.filter(shown).length > 0,
    loaded: view.performance.getEntriesByType("resource").map((e) => e.name),
    background: view.getComputedStyle(page.body).backgroundColor,
  });
};
frame.src = "PAGE";
</script>"#;

/// The browser that `CHROME` names, or one in the search path.
#[expect(
    clippy::disallowed_methods,
    reason = "a browser is a program of this machine, found as a shell finds it"
)]
fn browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROME") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// Measures of a page, and the lines of the console.
fn look(browser: &PathBuf, page: &str, width: u32, mode: &str) -> Result<(Value, Vec<String>), Failure> {
    let folder = tempfile::tempdir()?;
    let probe = folder.path().join("probe.html");
    let path = root().join("infra/samples").join(page);
    let text = PROBE.replace("WIDTH", &width.to_string());
    fs::write(&probe, text.replace("PAGE", &format!("file://{}", path.display())))?;
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args([
            "--allow-file-access-from-files",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={mode}"))
        .arg(format!("--window-size={},1000", width + 40))
        .args(["--dump-dom", &format!("file://{}", probe.display())])
        .output()?;
    let (shown, said) =
        (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
    let seen = shown.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let seen =
        seen.filter(|seen| !seen.is_empty()).ok_or_else(|| format!("no measures of {page}: {said}"))?;
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Ok((serde_json::from_str(&seen.replace("&amp;", "&"))?, console))
}

#[test]
fn pages_fit_at_each_width_and_load_nothing() -> Result<(), Failure> {
    let Some(browser) = browser() else {
        say("skipped: no Chromium is installed (CHROME names one)");
        return Ok(());
    };
    for page in PAGES {
        for width in WIDTHS {
            for (name, mode, background) in MODES {
                let (seen, console) = look(&browser, page, width, mode)?;
                let expected = json!({
                    "overflow": 0,
                    "cut_off": [],
                    "unnamed": 0,
                    "charts": true,
                    "loaded": [],
                    "background": background,
                });
                assert_eq!(seen, expected, "{page}, {width} pixels, {name}");
                assert_eq!(console, Vec::<String>::new(), "{page}, {width} pixels, {name}");
            }
        }
    }
    Ok(())
}

//! A child process that ends with the program that started it, and its output.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Script that waits until its input closes, then removes the folder and kills its process group, itself included.
///
/// The kernel closes the pipe at any death of the parent, SIGKILL too. PR_SET_PDEATHSIG is no alternative: it follows
/// the *thread* that spawned, so a child shared by several tests would die with the first of them, and it does not
/// reach grandchildren.
const WATCHDOG: &str = r#"read -r _; [ -z "$1" ] || rm -rf -- "$1"; kill -KILL 0"#;

const POLL_INTERVAL: Duration = Duration::from_millis(2);

type Lines = Arc<Mutex<Vec<String>>>;

/// A running child in its own process group. Its output is collected by line.
///
/// A grandchild that left the group would survive. No program here has such grandchildren.
pub struct Leashed {
    child: Child,
    watchdog: Watchdog,
    started: Instant,
    lines: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl Leashed {
    /// Starts `command`. At the end of the child or of this process, `scratch` is removed too.
    pub fn spawn(mut command: Command, scratch: Option<&Path>) -> io::Result<Self> {
        // The watchdog starts first and leads the group, so the child is watched from its start.
        let watchdog = Watchdog::spawn(scratch)?;
        command.process_group(watchdog.group()?);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn()?;
        let lines = Lines::default();
        let readers = [
            child.stdout.take().map(|stdout| gather(stdout, &lines)),
            child.stderr.take().map(|stderr| gather(stderr, &lines)),
        ];
        Ok(Self { child, watchdog, started, lines, readers: readers.into_iter().flatten().collect() })
    }

    /// Process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Time at which the child was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Lines printed so far, on standard output and error together.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// First line that contains `needle`. `None` if there is none in time.
    pub async fn wait_for_line(&self, needle: &str, within: Duration) -> Option<String> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(line) = self.lines().into_iter().find(|line| line.contains(needle)) {
                return Some(line);
            }
            if Instant::now() >= deadline {
                return None;
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Exit status if the child has ended; `lines` is complete then.
    pub fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.finish_reading();
        }
        Ok(status)
    }

    /// Exit status. `None` if the child still runs after `within`.
    pub async fn wait_exit(&mut self, within: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + within;
        loop {
            let status = self.exited()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Kills the child with SIGKILL. On return the process is gone and its sockets are closed.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.finish_reading();
        Ok(())
    }

    fn finish_reading(&mut self) {
        for reader in self.readers.drain(..) {
            // A reader cannot panic; if it did, its lines so far remain.
            let _ = reader.join();
        }
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        self.watchdog.bite();
        // Both fail only for a child that was reaped before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.finish_reading();
    }
}

struct Watchdog(Child);

impl Watchdog {
    fn spawn(scratch: Option<&Path>) -> io::Result<Self> {
        Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(scratch.unwrap_or(Path::new("")))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
    }

    fn group(&self) -> io::Result<i32> {
        i32::try_from(self.0.id()).map_err(io::Error::other)
    }

    /// Kills the whole group. Returns after the end of the watchdog itself.
    fn bite(&mut self) {
        drop(self.0.stdin.take());
        // It fails only if the watchdog was reaped before.
        let _ = self.0.wait();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.bite();
    }
}

/// Reads on a thread, so that a test that blocks its runtime cannot fill the child's pipe.
fn gather(output: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}

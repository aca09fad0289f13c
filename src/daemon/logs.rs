//! What a server in a host's process logs: told to the host, and to nobody else. A library must not decide what a process
//! does with the events of `tracing`, so no subscriber is set for the process; the threads of the server have one each.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use tracing::dispatcher::{DefaultGuard, Dispatch, set_default};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed here, for the operator to look at.
    Error = 1,
    /// Something is not as it should be.
    Warn,
    /// What was done: a line for each call.
    Info,
    /// What clients do that nobody needs to know as a rule.
    Debug,
    /// Everything.
    Trace,
}

/// Where the lines of a log go.
pub trait Log: Send + Sync {
    /// Whether lines of this level are wanted now: others are not made.
    fn wants(&self, level: Level) -> bool;

    /// Takes a line, without its end. On any thread of the server, which waits meanwhile.
    fn line(&self, level: Level, text: &str);
}

thread_local! {
    static SUBSCRIBED: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// What a thread runs first whose events go to a log.
pub(super) fn subscribe(log: Arc<dyn Log>) -> impl Fn() + Send + Sync + 'static {
    let dispatch = Dispatch::new(Lines(log));
    move || SUBSCRIBED.with(|subscribed| drop(subscribed.replace(Some(set_default(&dispatch)))))
}

struct Lines(Arc<dyn Log>);

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

impl Subscriber for Lines {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // The host may want more or less at any time, so it is asked each time.
        if metadata.is_event() { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.0.wants(level(*metadata.level()))
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line { message: String::new(), fields: String::new() };
        event.record(&mut line);
        self.0.line(level(*event.metadata().level()), &(line.message + &line.fields));
    }

    // There are no spans: none is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event as a line: its message, and its fields behind it as `name=value`.
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    #[derive(Default)]
    struct Kept {
        most: AtomicU8,
        lines: Mutex<Vec<(Level, String)>>,
    }

    impl Log for Kept {
        fn wants(&self, level: Level) -> bool {
            level as u8 <= self.most.load(Ordering::Relaxed)
        }

        fn line(&self, level: Level, text: &str) {
            self.lines.lock().unwrap().push((level, text.to_owned()));
        }
    }

    #[test]
    fn a_thread_tells_its_own_log_what_it_wants() {
        let kept = Arc::new(Kept::default());
        let start = subscribe(kept.clone());
        std::thread::spawn(move || {
            start();
            for most in [3, 1, 4] {
                kept.most.store(most, Ordering::Relaxed);
                tracing::error!(call = 7, "failed");
                tracing::info!(tenant = "default", none = None::<&str>, "call");
                tracing::debug!("detail");
            }
            let lines = kept.lines.lock().unwrap();
            let lines: Vec<(Level, &str)> = lines.iter().map(|(level, line)| (*level, line.as_str())).collect();
            let (error, info) = ((Level::Error, "failed call=7"), (Level::Info, "call tenant=\"default\""));
            assert_eq!(lines, [error, info, error, error, info, (Level::Debug, "detail")]);
        })
        .join()
        .unwrap();
    }
}

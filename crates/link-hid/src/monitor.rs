//! Watches keys come and go, on a thread that wakes for nothing else.
//!
//! The kernel's message comes before the system has set the access rights of the node. A node
//! that may not be used is looked at again when its attributes change, which inotify tells.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::{Errno, write};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};

use crate::devices::{Folders, System, is_node_name};
use crate::uevent::Uevent;
use crate::watch::{Event, Watch};

/// The group in which the kernel itself speaks; what udev says of it later is in another.
const KERNEL: u32 = 1;
/// The folder of the nodes.
const NODES: &str = "/dev";
/// What poll says of a file from which nothing will come any more.
const BROKEN: PollFlags = PollFlags::ERR.union(PollFlags::HUP).union(PollFlags::NVAL);
/// The kernel's messages have at most 2 KiB.
const MESSAGE: usize = 4_096;

/// Reports what happens to security keys until it is dropped.
#[derive(Debug)]
pub struct Monitor {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Starts to watch. `on_event` is called on the monitor's thread, first for what is there
    /// already; it should not block.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or no way to hear of changes.
    pub fn start(on_event: impl FnMut(Event) + Send + 'static) -> io::Result<Self> {
        Self::on(Folders::default(), NODES.into(), kernel().ok(), on_event)
    }

    /// Without `kernel` the folder of the nodes tells what it can.
    pub(crate) fn on(
        system: impl System + 'static,
        nodes: PathBuf,
        kernel: Option<OwnedFd>,
        on_event: impl FnMut(Event) + Send + 'static,
    ) -> io::Result<Self> {
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let folder = Folder::new(&nodes, kernel.is_none())?;
        let listener = Listener {
            stop: Arc::clone(&stop),
            kernel,
            folder,
            watch: Watch::new(system, nodes),
            on_event: Box::new(on_event),
        };
        let thread = thread::Builder::new().name("keys".into()).spawn(move || listener.run())?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // Fails only when the counter is full; then the thread has been told.
        let _ = write(&*self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            // A panic of `on_event` was printed where it happened.
            let _ = thread.join();
        }
    }
}

/// The keys that are there now: an [`Event::KeyInserted`] or [`Event::KeyForbidden`] for each.
/// Nothing is sent to any key.
pub fn look() -> Vec<Event> {
    let mut events = Vec::new();
    Watch::new(Folders::default(), NODES.into()).look(&mut events);
    events
}

/// Hears the kernel. Any user may.
fn kernel() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let kind = SocketType::DGRAM;
    let socket = socket_with(AddressFamily::NETLINK, kind, flags, Some(KOBJECT_UEVENT))?;
    bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
    Ok(socket)
}

/// The folder of the nodes, watched while there is something to see.
struct Folder {
    inotify: OwnedFd,
    nodes: PathBuf,
    is_needed_always: bool,
    watch: Option<i32>,
}

impl Folder {
    fn new(nodes: &Path, is_needed_always: bool) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut folder = Self { inotify, nodes: nodes.into(), is_needed_always, watch: None };
        if is_needed_always {
            folder.attend(false)?;
        }
        Ok(folder)
    }

    /// Watches if `is_needed`. `true`: it has begun to, and what happened before was missed.
    fn attend(&mut self, is_needed: bool) -> io::Result<bool> {
        match (self.watch, is_needed || self.is_needed_always) {
            (None, true) => {
                let flags = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::ATTRIB;
                self.watch = Some(inotify::add_watch(&self.inotify, &self.nodes, flags)?);
                Ok(true)
            }
            (Some(watch), false) => {
                self.watch = None;
                inotify::remove_watch(&self.inotify, watch)?;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Whether something has happened to a node of the right name.
    fn has_changed(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); MESSAGE];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut has_changed = false;
        while let Ok(event) = reader.next() {
            let name = event.file_name().and_then(|name| name.to_str().ok());
            has_changed |= event.events().contains(ReadFlags::QUEUE_OVERFLOW)
                || name.is_some_and(is_node_name);
        }
        has_changed
    }
}

struct Listener<S> {
    stop: Arc<OwnedFd>,
    kernel: Option<OwnedFd>,
    folder: Folder,
    watch: Watch<S>,
    on_event: Box<dyn FnMut(Event) + Send>,
}

/// Who has something to say.
struct Ready {
    stop: bool,
    kernel: bool,
    folder: bool,
}

impl<S: System> Listener<S> {
    fn run(mut self) {
        if let Err(error) = self.listen() {
            // Who holds something by a key must not be left with one that nobody watches.
            let mut events = Vec::new();
            self.watch.all_gone(&mut events);
            events.push(Event::Ended { error: error.kind() });
            events.into_iter().for_each(self.on_event);
        }
    }

    /// Tells what happens, until it is told to stop.
    fn listen(&mut self) -> Result<(), Errno> {
        let mut events = Vec::new();
        self.watch.look(&mut events);
        loop {
            // Between the last look and the watch, something may have happened.
            if self.folder.attend(self.watch.waits_for_access()).unwrap_or(false) {
                self.watch.look(&mut events);
            }
            events.drain(..).for_each(&mut self.on_event);
            let ready = self.wait()?;
            if ready.stop {
                return Ok(());
            }
            if ready.kernel {
                self.hear(&mut events);
            }
            if ready.folder && self.folder.has_changed() {
                match self.kernel {
                    Some(_) => self.watch.access_changed(&mut events),
                    None => self.watch.look(&mut events),
                }
            }
        }
    }

    fn wait(&self) -> Result<Ready, Errno> {
        let of = |file| PollFd::new(file, PollFlags::IN);
        let mut files = vec![of(&*self.stop), of(&self.folder.inotify)];
        files.extend(self.kernel.as_ref().map(of));
        while let Err(error) = poll(&mut files, None) {
            if error != Errno::INTR {
                return Err(error);
            }
        }
        let mut said = files.iter().map(PollFd::revents);
        let mut next = || said.next().unwrap_or(PollFlags::empty());
        // Reading from the kernel tells that it has hung up. Nothing takes back what is wrong with the
        // others: whoever polled again would be told at once, for ever.
        let (stop, folder, kernel) = (next(), next(), next());
        if (stop | folder).intersects(BROKEN) {
            return Err(Errno::IO);
        }
        Ok(Ready { stop: !stop.is_empty(), folder: !folder.is_empty(), kernel: !kernel.is_empty() })
    }

    /// Reads what the kernel has said.
    fn hear(&mut self, events: &mut Vec<Event>) {
        let mut buffer = [0; MESSAGE];
        while let Some(kernel) = &self.kernel {
            match recvfrom(kernel, &mut buffer, RecvFlags::empty()) {
                Ok((length @ 1.., _, sender)) => {
                    // Other programs may speak in the kernel's group, if they are privileged.
                    let sender = sender.and_then(|from| SocketAddrNetlink::try_from(from).ok());
                    if sender.is_none_or(|from| from.pid() == 0) {
                        self.take(buffer.get(..length).unwrap_or_default(), events);
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // Too much was said at once, and some of it is lost.
                Err(Errno::NOBUFS) => self.watch.look(events),
                Ok(_) | Err(_) => {
                    // The kernel has hung up. The folder tells, from now on.
                    self.kernel = None;
                    self.folder.is_needed_always = true;
                    self.watch.look(events);
                }
            }
        }
    }

    fn take(&mut self, message: &[u8], events: &mut Vec<Event>) {
        match Uevent::parse(message) {
            Some(Uevent { is_gone: true, name }) => self.watch.gone(&name, events),
            Some(Uevent { is_gone: false, name }) => self.watch.changed(&name, events),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;

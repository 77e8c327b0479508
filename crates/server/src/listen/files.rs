use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are not for connections: database, calls to providers, what the system needs.
const OTHERS: u64 = 256;

/// Raises the limit on open files as far as the system lets us.
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "cannot raise the limit on open files");
    }
}

/// How many connections there may be, of those that are wanted: each is an open file.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let room = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit.saturating_sub(OTHERS).max(1)).unwrap_or(usize::MAX)
    });
    if room < wanted {
        tracing::warn!(wanted, room, "fewer connections than configured: raise LimitNOFILE");
    }
    wanted.min(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_other_files() {
        raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(connections(1), 1);
        if let Some(most) = limit.current.and_then(|most| usize::try_from(most).ok()) {
            assert!(connections(most) < most);
        }
    }
}

//! What goes wrong between and inside the answers of a key: with one packet of them.

use std::fmt;

use super::FaultRefused;

/// One thing that goes wrong with one packet that a key says. Planned with
/// [`Holder::packet_fault_at`](crate::Holder::packet_fault_at).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketFault {
    /// The key is unplugged after it.
    Unplug,
    /// It never arrives.
    Lose,
    /// It comes twice.
    Repeat,
    /// One of an answer to another program comes before it.
    Between,
}

impl PacketFault {
    /// One of each kind.
    pub const ALL: [Self; 4] = [Self::Unplug, Self::Lose, Self::Repeat, Self::Between];

    /// What it is called at the control socket.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unplug => "unplug",
            Self::Lose => "lose",
            Self::Repeat => "repeat",
            Self::Between => "between",
        }
    }

    /// The fault of this name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn parse(name: &str) -> Result<Self, FaultRefused> {
        let named = Self::ALL.into_iter().find(|fault| fault.name() == name);
        named.ok_or_else(|| {
            FaultRefused(format!(
                "nothing that happens to a packet is called {name:?}; there are {}",
                Self::ALL.map(Self::name).join(", ")
            ))
        })
    }
}

impl fmt::Display for PacketFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The packets that a key has said, and what is to go wrong with those to come.
#[derive(Default)]
pub(crate) struct Packets {
    said: u64,
    planned: Vec<(u64, PacketFault)>,
}

impl Packets {
    /// How many it has said.
    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    /// This goes wrong with the `nth` from now on.
    pub(crate) fn plan(&mut self, nth: u64, fault: PacketFault) {
        self.planned.push((self.said.saturating_add(nth), fault));
    }

    /// How many of these have not happened yet.
    pub(crate) fn to_come(&self) -> usize {
        self.planned.len()
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    /// The next one goes out: what goes wrong with it.
    pub(crate) fn next(&mut self) -> Option<PacketFault> {
        self.said = self.said.saturating_add(1);
        let index = self.planned.iter().position(|(at, _)| *at == self.said)?;
        Some(self.planned.remove(index).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packet_fault_is_found_by_its_name() {
        for fault in PacketFault::ALL {
            assert_eq!(PacketFault::parse(fault.name()), Ok(fault));
        }
        let said = PacketFault::parse("dance").unwrap_err().to_string();
        assert!(said.contains("unplug, lose, repeat, between"), "{said}");
    }

    #[test]
    fn a_packet_fault_happens_to_that_packet_and_no_other() {
        let mut packets = Packets::default();
        assert_eq!(packets.next(), None);
        packets.plan(2, PacketFault::Lose);
        packets.plan(3, PacketFault::Unplug);
        assert_eq!([packets.next(), packets.next()], [None, Some(PacketFault::Lose)]);
        assert_eq!(packets.to_come(), 1);
        packets.clear();
        assert_eq!((packets.next(), packets.said()), (None, 4));
    }
}

use serde::{Deserialize, Serialize};

use crate::GroupsSent;

/// How many people lose their groups by an absent claim before somebody is asked. People do leave
/// their last group; that a third one does so, and nobody with groups has come in between, looks
/// like a provider that has stopped sending them.
pub const UNASKED: u32 = 2;

/// What an absent claim does to the groups of a person who has some, at a provider that sends
/// groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentGroups {
    /// Absent means none.
    Clear,
    /// What is stored stays, and may be out of date.
    Keep,
}

/// Where the question stands whether a provider has stopped sending groups. It moves with the
/// tokens that come and with an administrator's answer, and only while groups are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupsQuestion {
    /// An administrator has said that people really have none. Holds until groups come again.
    Answered,
    /// Nobody has lost groups since the last token with groups.
    #[default]
    Closed,
    /// Some have; not yet enough to ask.
    Counting,
    /// Too many have come without: nothing is cleared until an administrator answers.
    Open,
}

/// What becomes of one person's groups, and of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// What happens to the groups.
    pub groups: AbsentGroups,
    /// Where the question stands afterwards.
    pub question: GroupsQuestion,
    /// Whether this person is the one who opens it.
    pub asks: bool,
}

/// What an administrator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupsAnswer {
    /// The people who came without groups have none.
    Clear,
    /// The provider no longer sends groups: people keep what they have.
    Keep,
}

impl GroupsQuestion {
    /// Whether people who come without groups are counted.
    pub fn counts(self) -> bool {
        self != Self::Answered
    }

    /// A person who has groups came without the claim. `people` is how many have, since the last
    /// token with groups; each counts once, and this one is among them.
    pub fn without_groups(self, people: u32) -> Absence {
        let clear = |question| Absence { groups: AbsentGroups::Clear, question, asks: false };
        let keep = |asks| Absence { groups: AbsentGroups::Keep, question: Self::Open, asks };
        match self {
            Self::Answered => clear(self),
            Self::Open => keep(false),
            Self::Closed | Self::Counting if people <= UNASKED => clear(Self::Counting),
            Self::Closed | Self::Counting => keep(true),
        }
    }

    /// A token with groups, or with too many of them, came: the provider sends them after all. A
    /// question that is open stays so, because some tokens with groups do not show that those who
    /// came without have none.
    #[must_use]
    pub fn with_groups(self) -> Self {
        match self {
            Self::Open => Self::Open,
            Self::Answered | Self::Closed | Self::Counting => Self::Closed,
        }
    }

    /// What holds after an answer. `None` when nothing was asked.
    pub fn answered(self, answer: GroupsAnswer) -> Option<(GroupsSent, Self)> {
        match (self, answer) {
            (Self::Open, GroupsAnswer::Clear) => Some((GroupsSent::Yes, Self::Answered)),
            (Self::Open, GroupsAnswer::Keep) => Some((GroupsSent::No, Self::Closed)),
            (Self::Answered | Self::Closed | Self::Counting, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GroupsQuestion::{Answered, Closed, Counting, Open};
    use super::*;

    #[test]
    fn two_people_are_cleared_and_the_third_one_asks() {
        let mut question = Closed;
        let mut told = Vec::new();
        for people in 1..=4 {
            let absence = question.without_groups(people);
            question = absence.question;
            told.push((absence.groups, question, absence.asks));
        }
        let (clear, keep) = (AbsentGroups::Clear, AbsentGroups::Keep);
        let expected = [
            (clear, Counting, false),
            (clear, Counting, false),
            (keep, Open, true),
            (keep, Open, false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_open_question_clears_nobody_whoever_comes() {
        for people in [0, 1, 2, 3, u32::MAX] {
            let absence = Open.without_groups(people);
            assert_eq!(absence.groups, AbsentGroups::Keep, "{people}");
            assert_eq!((absence.question, absence.asks), (Open, false), "{people}");
        }
    }

    #[test]
    fn after_they_really_have_none_everybody_is_cleared_and_nobody_asks_again() {
        assert!(!Answered.counts());
        for people in [0, 1, 3, u32::MAX] {
            let absence = Answered.without_groups(people);
            assert_eq!(absence.groups, AbsentGroups::Clear, "{people}");
            assert_eq!((absence.question, absence.asks), (Answered, false), "{people}");
        }
    }

    #[test]
    fn a_token_with_groups_ends_the_count_and_an_answer_but_no_open_question() {
        assert_eq!(Closed.with_groups(), Closed);
        assert_eq!(Counting.with_groups(), Closed);
        assert_eq!(Answered.with_groups(), Closed);
        assert_eq!(Open.with_groups(), Open);
    }

    #[test]
    fn only_what_was_asked_is_answered() {
        use GroupsAnswer::{Clear, Keep};
        assert_eq!(Open.answered(Clear), Some((GroupsSent::Yes, Answered)));
        assert_eq!(Open.answered(Keep), Some((GroupsSent::No, Closed)));
        for question in [Answered, Closed, Counting] {
            for answer in [Clear, Keep] {
                assert_eq!(question.answered(answer), None, "{question:?} {answer:?}");
            }
        }
    }
}

//! People who came without groups, and the question about them.

use identity::{AbsentGroups, GroupsQuestion, GroupsSent, Provider};
use ids::{TenantId, UserId};

use crate::tests::providers::provider;
use crate::tests::support::{Bench, alias, id, on_both, person};
use crate::{MissingGroups, Store, StoreError, Writing};

/// A tenant whose provider sends groups.
async fn sending(bench: &Bench, slug: &str) -> TenantId {
    let tenant = bench.tenant(slug).await;
    let mut writing = bench.store.write(tenant).await.unwrap();
    let sends = Provider { groups_sent: GroupsSent::Yes, ..provider("azure", 1) };
    writing.put_provider(&sends).await.unwrap();
    writing.commit().await.unwrap();
    tenant
}

async fn someone(writing: &mut Writing, name: &str) -> UserId {
    let person = person(name);
    writing.write_person(&person).await.unwrap();
    person.id
}

async fn question(writing: &mut Writing) -> GroupsQuestion {
    writing.hold_groups(&alias()).await.unwrap().unwrap().1
}

/// A sign-in without groups, as the hallway writes it: what becomes of the person's groups.
async fn without_groups(store: &Store, tenant: TenantId, name: &str) -> AbsentGroups {
    let mut writing = store.write(tenant).await.unwrap();
    let person = someone(&mut writing, name).await;
    let question = question(&mut writing).await;
    let missing = writing.add_missing_groups(&alias(), person).await.unwrap();
    let absence = question.without_groups(missing.people);
    writing.set_groups_question(&alias(), absence.question).await.unwrap();
    writing.commit().await.unwrap();
    absence.groups
}

on_both! {
    async fn each_person_counts_once_from_the_first_one_on(bench) {
        let acme = sending(bench, "acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        assert_eq!(writing.missing_groups(&alias()).await.unwrap(), MissingGroups::default());
        let (ada, bob) = (someone(&mut writing, "ada").await, someone(&mut writing, "bob").await);
        let before = bench.store.now().await.unwrap();
        let first = writing.add_missing_groups(&alias(), ada).await.unwrap();
        assert_eq!(first.people, 1);
        assert!(first.since.unwrap() >= before);
        for (person, people) in [(ada, 1), (bob, 2), (ada, 2), (bob, 2)] {
            let missing = writing.add_missing_groups(&alias(), person).await.unwrap();
            assert_eq!(missing, MissingGroups { people, since: first.since });
        }
    }

    async fn the_count_begins_anew_when_the_question_is_over(bench) {
        let acme = sending(bench, "acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        let ada = someone(&mut writing, "ada").await;
        for (set, left) in [
            (GroupsQuestion::Counting, 1),
            (GroupsQuestion::Open, 1),
            (GroupsQuestion::Answered, 0),
            (GroupsQuestion::Closed, 0),
        ] {
            writing.add_missing_groups(&alias(), ada).await.unwrap();
            writing.set_groups_question(&alias(), set).await.unwrap();
            assert_eq!(question(&mut writing).await, set);
            let missing = writing.missing_groups(&alias()).await.unwrap();
            assert_eq!(missing.people, left, "{set:?}");
        }
    }

    async fn of_two_at_once_the_second_sees_what_the_first_one_counted(bench) {
        let acme = sending(bench, "acme").await;
        for name in ["ada", "bob"] {
            let groups = without_groups(&bench.store, acme, name).await;
            assert_eq!(groups, AbsentGroups::Clear);
        }
        let mut first = bench.store.write(acme).await.unwrap();
        let cyd = someone(&mut first, "cyd").await;
        assert_eq!(question(&mut first).await, GroupsQuestion::Counting);
        let store = bench.store.clone();
        let second = tokio::spawn(async move {
            let mut second = store.write(acme).await.unwrap();
            let (_, question) = second.hold_groups(&alias()).await.unwrap().unwrap();
            (question, second.missing_groups(&alias()).await.unwrap().people)
        });
        while !second.is_finished() && bench.waiting().await == 0 {
            tokio::task::yield_now().await;
        }
        first.add_missing_groups(&alias(), cyd).await.unwrap();
        first.set_groups_question(&alias(), GroupsQuestion::Open).await.unwrap();
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), (GroupsQuestion::Open, 3));
    }

    async fn a_form_that_is_saved_leaves_what_tokens_have_shown(bench) {
        let acme = sending(bench, "acme").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        let ada = someone(&mut writing, "ada").await;
        writing.add_missing_groups(&alias(), ada).await.unwrap();
        writing.set_groups_question(&alias(), GroupsQuestion::Open).await.unwrap();
        assert!(writing.note_auth_time(&alias(), true).await.unwrap());
        let form = Provider { groups_sent: GroupsSent::Yes, ..provider("azure", 7) };
        writing.put_provider(&form).await.unwrap();
        let read = writing.provider(&alias()).await.unwrap().unwrap();
        assert_eq!((read.position, read.seen.auth_time), (7, Some(true)));
        assert_eq!(read.seen.groups, GroupsQuestion::Open);
        assert_eq!(writing.missing_groups(&alias()).await.unwrap().people, 1);
    }

    async fn where_groups_are_not_sent_nothing_is_asked(bench) {
        for sent in [GroupsSent::No, GroupsSent::Unknown] {
            let acme = sending(bench, &format!("{sent:?}").to_lowercase()).await;
            let mut writing = bench.store.write(acme).await.unwrap();
            let ada = someone(&mut writing, "ada").await;
            writing.add_missing_groups(&alias(), ada).await.unwrap();
            writing.set_groups_question(&alias(), GroupsQuestion::Open).await.unwrap();
            let form = Provider { groups_sent: sent, ..provider("azure", 1) };
            writing.put_provider(&form).await.unwrap();
            let held = writing.hold_groups(&alias()).await.unwrap();
            assert_eq!(held, Some((sent, GroupsQuestion::Closed)));
            let missing = writing.missing_groups(&alias()).await.unwrap();
            assert_eq!(missing, MissingGroups::default());
        }
    }

    async fn the_question_of_one_tenant_is_not_another_ones(bench) {
        let (acme, rival) = (sending(bench, "acme").await, sending(bench, "rival").await);
        for name in ["ada", "bob", "cyd"] {
            without_groups(&bench.store, acme, name).await;
        }
        let mut writing = bench.store.write(rival).await.unwrap();
        assert_eq!(question(&mut writing).await, GroupsQuestion::Closed);
        assert_eq!(writing.missing_groups(&alias()).await.unwrap(), MissingGroups::default());
        writing.set_groups_question(&alias(), GroupsQuestion::Answered).await.unwrap();
        assert!(writing.set_groups_sent(&alias(), GroupsSent::No).await.unwrap());
        assert!(writing.note_auth_time(&alias(), false).await.unwrap());
        writing.commit().await.unwrap();
        let mut writing = bench.store.write(acme).await.unwrap();
        let held = writing.hold_groups(&alias()).await.unwrap();
        assert_eq!(held, Some((GroupsSent::Yes, GroupsQuestion::Open)));
        assert_eq!(writing.missing_groups(&alias()).await.unwrap().people, 3);
        let read = writing.provider(&alias()).await.unwrap().unwrap();
        assert_eq!(read.seen.auth_time, None);
    }

    async fn a_person_of_another_tenant_is_not_counted(bench) {
        let (acme, rival) = (sending(bench, "acme").await, sending(bench, "rival").await);
        let mut writing = bench.store.write(acme).await.unwrap();
        let ada = someone(&mut writing, "ada").await;
        writing.commit().await.unwrap();
        let mut writing = bench.store.write(rival).await.unwrap();
        let refused = writing.add_missing_groups(&alias(), ada).await;
        assert!(matches!(refused, Err(StoreError::Reference)), "{refused:?}");
    }

    async fn a_provider_that_is_deleted_takes_its_count_along(bench) {
        let acme = sending(bench, "acme").await;
        without_groups(&bench.store, acme, "ada").await;
        let mut writing = bench.store.write(acme).await.unwrap();
        let nobody = writing.add_missing_groups(&alias(), UserId(id())).await;
        assert!(matches!(nobody, Err(StoreError::Reference)), "{nobody:?}");
        drop(writing);
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.delete_provider(&alias()).await.unwrap());
        assert_eq!(writing.hold_groups(&alias()).await.unwrap(), None);
        writing.commit().await.unwrap();
        assert_eq!(bench.count("groups_missing").await, 0);
    }
}

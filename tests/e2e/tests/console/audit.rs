//! What the audit page says of a chain that somebody changed in the database.

use e2e::{Browser, World};

use crate::support::administrator;

/// What it says of the operators' chain.
async fn verdict(browser: &mut Browser) -> String {
    let page = browser.get("/admin/tenants/operators/audit").await;
    assert_eq!(page.status, 200, "{page:?}");
    let (_, rest) = page.body.split_once("The audit chain is").unwrap();
    rest.split('<').next().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_chain_that_was_changed_or_cut_in_the_database_is_broken() {
    let seq = "(SELECT MAX(seq) - 1 FROM audit WHERE tenant_id = \
               (SELECT tenant_id FROM tenant WHERE slug = 'operators'))";
    let ours = "tenant_id = (SELECT tenant_id FROM tenant WHERE slug = 'operators')";
    let cut = format!("DELETE FROM audit WHERE {ours} AND seq > {seq}");
    let last = format!("WHERE {ours} ORDER BY seq DESC LIMIT 1");
    let from_last = |column: &str| format!("{column} = (SELECT {column} FROM audit {last})");
    let move_head = |columns: &[&str]| {
        let columns: Vec<_> = columns.iter().map(|column| from_last(column)).collect();
        format!("UPDATE audit_head SET {} WHERE {ours}", columns.join(", "))
    };
    for (name, statements, said) in [
        (
            "an event",
            vec![format!("UPDATE audit SET detail = '{{}}' WHERE {ours} AND seq = 2")],
            "at event 2",
        ),
        ("the tail", vec![cut.clone()], "broken"),
        ("tail and head", vec![cut.clone(), move_head(&["seq", "hash"])], "broken"),
        ("back to an end it had", vec![cut, move_head(&["seq", "hash", "mac"])], "is gone"),
        ("all", vec![format!("DELETE FROM audit WHERE {ours}")], "broken"),
        ("the head", vec![format!("DELETE FROM audit_head WHERE {ours}")], "broken"),
    ] {
        let world = World::start().await;
        let mut browser = administrator(&world).await;
        let before = verdict(&mut browser).await;
        assert!(before.starts_with("whole up to event ") && before.ends_with(", as signed"));
        for statement in statements {
            assert!(world.sql(&statement).await > 0, "{name}: {statement}");
        }
        let after = verdict(&mut browser).await;
        assert!(after.contains("broken") && after.contains(said), "{name}: {after}");
    }
}

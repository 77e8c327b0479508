use identity::{CardFirst, TenantPolicy};
use ids::Slug;

use crate::tests::support::{on_both, tenant};
use crate::{Client, Page, StoreError};

on_both! {
    async fn a_tenant_is_found_by_its_slug_in_any_case(bench) {
        let acme = tenant("acme");
        bench.store.create_tenant(&acme).await.unwrap();
        let slug = Slug::try_from("ACME".to_owned()).unwrap();
        assert_eq!(bench.store.tenant(&slug).await.unwrap(), Some(acme.clone()));
        assert_eq!(bench.store.read(acme.id).await.unwrap().tenant().await.unwrap(), Some(acme));
        let other = Slug::try_from("rival".to_owned()).unwrap();
        assert_eq!(bench.store.tenant(&other).await.unwrap(), None);
    }

    async fn a_new_tenant_has_the_account_client_and_a_first_audit_event(bench) {
        let acme = tenant("acme");
        bench.store.create_tenant(&acme).await.unwrap();
        let mut reading = bench.store.read(acme.id).await.unwrap();
        let account = reading.client("account").await.unwrap().unwrap();
        assert_eq!(account.home_url.as_deref(), Some("/realms/acme/account/"));
        assert_eq!(reading.clients().await.unwrap(), [account]);
        let audit = reading.audit(0, 10).await.unwrap();
        assert_eq!(audit.len(), 1);
        assert_eq!((audit[0].seq, audit[0].kind.as_str()), (1, "tenant.created"));
    }

    async fn a_slug_is_taken_once(bench) {
        bench.tenant("acme").await;
        let again = bench.store.create_tenant(&tenant("acme")).await;
        assert!(matches!(again, Err(StoreError::Conflict("slug"))), "{again:?}");
        assert_eq!(bench.count("audit").await, 1, "nothing of the second is kept");
    }

    async fn tenants_are_listed_page_by_page(bench) {
        for slug in ["cc", "aa", "b-b"] {
            bench.tenant(slug).await;
        }
        let slugs = async |after: Option<&str>| {
            let after = after.map(|slug| slug.to_owned().try_into().unwrap());
            let page = Page { after, limit: 2 };
            let tenants = bench.store.tenants(&page).await.unwrap();
            tenants.into_iter().map(|tenant| tenant.slug.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(slugs(None).await, ["aa", "b-b"]);
        assert_eq!(slugs(Some("b-b")).await, ["cc"]);
    }

    async fn policy_name_and_clients_are_changed_in_place(bench) {
        let acme = tenant("acme");
        bench.store.create_tenant(&acme).await.unwrap();
        let policy = TenantPolicy { card_first: CardFirst::On, ..TenantPolicy::default() };
        let client = Client { name: "Konto".to_owned(), ..Client::account(&acme) };
        let mut writing = bench.store.write(acme.id).await.unwrap();
        assert!(writing.put_policy(&policy).await.unwrap());
        assert!(writing.put_display_name("Acme Clinics").await.unwrap());
        assert!(writing.change_client(&client).await.unwrap());
        writing.commit().await.unwrap();
        let stored = bench.store.tenant(&acme.slug).await.unwrap().unwrap();
        assert_eq!((stored.policy, stored.display_name.as_str()), (policy, "Acme Clinics"));
        let mut reading = bench.store.read(acme.id).await.unwrap();
        assert_eq!(reading.client("account").await.unwrap(), Some(client));
    }

    async fn the_clock_is_the_one_of_the_database_and_runs(bench) {
        let first = bench.store.now().await.unwrap();
        bench.store.ping().await.unwrap();
        // Microseconds: between 2026 and 2100.
        assert!((1_767_225_600_000_000..4_102_444_800_000_000).contains(&first.0), "{first:?}");
        assert!(bench.store.now().await.unwrap() >= first);
    }
}

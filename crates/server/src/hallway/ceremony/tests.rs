use identity::Person;
use ids::UserId;
use login::{Channel, Permit, Task};

use super::*;
use crate::entropy;
use crate::test_app::{mia, test_app};

#[tokio::test]
async fn who_has_no_name_enrols_a_card_under_the_username() {
    let (app, _data) = test_app().await;
    for (display_name, shown) in
        [(Some("Mia Chen"), "Mia Chen"), (Some(""), "mia@acme.example"), (None, "mia@acme.example")]
    {
        let display_name = display_name.map(str::to_owned);
        let person = Person { display_name, ..mia(UserId(entropy::id())) };
        let task = Task::Enrol(Permit::Code);
        let challenge =
            for_person(&app, &person, &[], task, Channel::Browser, Asked::default()).unwrap();
        let options = Ceremony::of(&challenge).unwrap().options;
        assert_eq!(options["publicKey"]["user"]["displayName"], shown);
    }
}

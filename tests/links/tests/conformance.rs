//! The same claims over every link.

/// A test for each claim: `$body` is a body that was just put in.
macro_rules! claims {
    ($link:ident, $run:ident) => {
        mod $link {
            $crate::claims!(@each $run
                get_info_is_answered
                requests_of_every_length_arrive
                a_ceremony_with_long_messages_succeeds
                a_touch_that_is_needed_is_told
                a_cancel_during_the_touch_ends_at_once
                a_deadline_during_the_touch_ends_at_once
                a_call_that_is_cancelled_before_asks_nothing
                a_removal_ends_the_link_and_a_new_one_works
                a_removal_during_the_touch_is_noticed
            );
        }
    };
    (@each $run:ident $($claim:ident)*) => {
        $(
            #[test]
            fn $claim() {
                $crate::$run!($claim);
            }
        )*

        #[test]
        fn no_claim_is_left_out() {
            let all = links::conformance::claims::<links::InProcess>().map(|(name, _)| name);
            assert_eq!(all, [$(stringify!($claim)),*]);
        }
    };
}
pub(crate) use claims;

macro_rules! in_process {
    ($claim:ident) => {
        links::conformance::$claim(&links::InProcess::new(1))
    };
}
pub(crate) use in_process;

macro_rules! on_usb {
    ($claim:ident) => {
        links::conformance::$claim(&links::KeyOnUsb::new(2))
    };
}
pub(crate) use on_usb;

macro_rules! in_reader {
    ($claim:ident) => {
        firmware_sim::isolated::run(|pcscd| {
            links::conformance::$claim(&links::CardInReader::new(pcscd, 3));
        })
        .unwrap()
    };
}
pub(crate) use in_reader;

claims!(simulators_own, in_process);
claims!(hid, on_usb);
claims!(pcsc, in_reader);

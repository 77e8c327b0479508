//! The shortest ways through each hole, as the model found them.

use super::moves::Move::{
    self, Ask, AskByLink, AskFirst, AskFirstByAgent, Callback, Change, Choose, ClaimLink, Commit,
    Confirm, Disable, Fail, GiveCode, Invite, IssueCode, OneTap, PostHint, PostHintAt, Register,
    Resettle, Return, Revoke, ShowPairing, SignIn, SignOut, Start, Submit, SubmitByAgent,
    SubmitByLink, SubmitFirst, SubmitFirstByAgent, Tap, Tighten, Wait,
};
use super::moves::Place::{Elsewhere, Entra, Partner};
use super::world::Who::{Ada, Mallory};
use super::world::{ACME, ADA, MALLORY, MALLORY_ELSEWHERE};

#[rustfmt::skip]
pub(super) fn expired() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Wait { which: 1 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn challenge_expired() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Wait { which: 0 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn challenge_expired_card_first() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, Wait { which: 0 },
        SubmitFirst { cookie: 1, answer: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn tenant() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: MALLORY, fresh: true },
        SignIn { cookie: 1, place: Elsewhere, person: MALLORY_ELSEWHERE, fresh: true },
        Callback { cookie: 1, state: 0, code: 1 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Mallory, handed: 0, card: 1 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn provider() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Partner, person: MALLORY, fresh: true },
        SignIn { cookie: 1, place: Entra, person: MALLORY, fresh: true },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Mallory, handed: 0, card: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn nonce() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Start { by: Ada, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: MALLORY, fresh: true },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: true },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 3, state: 1, code: 2 }, Callback { cookie: 2, state: 0, code: 2 },
    ]
}

#[rustfmt::skip]
pub(super) fn state_and_nonce() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 3, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Mallory, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn browser() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: MALLORY, fresh: true },
        Callback { cookie: 3, state: 1, code: 1 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 0, handle: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn answer_returns() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, AskByLink { row: 0, handle: 0 },
        ClaimLink { by: Ada, row: 0, handed: 0 }, Tap { by: Ada, handed: 0, card: 2 }, SubmitByLink { by: Ada, row: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn return_token() -> Vec<Move> {
    let mut moves = answer_returns();
    moves.push(Return { row: 0, handle: 0, brings: None });
    moves
}

#[rustfmt::skip]
pub(super) fn link_challenge() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, AskByLink { row: 0, handle: 0 },
        AskByLink { row: 0, handle: 0 }, ClaimLink { by: Ada, row: 0, handed: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn link_once() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, AskByLink { row: 0, handle: 0 },
        ClaimLink { by: Ada, row: 0, handed: 0 }, Tap { by: Ada, handed: 0, card: 2 },
        ClaimLink { by: Mallory, row: 0, handed: 0 },
        SubmitByLink { by: Mallory, row: 0, answer: 0 },
        Return { row: 0, handle: 0, brings: Some(0) },
    ]
}

#[rustfmt::skip]
pub(super) fn return_browser() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 3, state: 1, code: 1 }, AskByLink { row: 1, handle: 1 },
        ClaimLink { by: Ada, row: 1, handed: 0 }, Tap { by: Ada, handed: 0, card: 2 }, SubmitByLink { by: Ada, row: 1, answer: 0 },
        Return { row: 1, handle: 0, brings: Some(0) },
    ]
}

#[rustfmt::skip]
pub(super) fn channel() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitByAgent { by: Mallory, row: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn challenge() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 3, state: 1, code: 1 }, Ask { row: 0, handle: 0, agent: false },
        Ask { row: 1, handle: 1, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 1, handle: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn person() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Mallory, handed: 0, card: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn revoked() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, Revoke { card: 2 },
        SubmitFirst { cookie: 1, answer: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn disabled() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Disable, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn not_verified() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Mallory, handed: 0, card: 2 }, SubmitFirst { cookie: 1, answer: 0 },
        Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn certificate_by_browser() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn no_card() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn has_card() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 3, state: 1, code: 1 }, IssueCode { person: ADA },
        GiveCode { row: 0, handle: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
        IssueCode { person: ADA }, GiveCode { row: 0, handle: 1, code: 0 },
        Ask { row: 0, handle: 1, agent: false }, Register { by: Ada, handed: 1 },
        Submit { row: 0, handle: 1, answer: 1 },
    ]
}

#[rustfmt::skip]
pub(super) fn same_card() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        AskFirst { cookie: 0 }, Tap { by: Mallory, handed: 0, card: 0 },
        SubmitFirst { cookie: 2, answer: 0 }, Change { cookie: 1, artefact: 0, remove: Some(0) },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Mallory, handed: 1, card: 0 },
        Submit { row: 0, handle: 0, answer: 1 },
    ]
}

#[rustfmt::skip]
pub(super) fn code() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: false },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 3, state: 0, code: 0 }, IssueCode { person: MALLORY },
        GiveCode { row: 0, handle: 0, code: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn card_first() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 1, answer: 0 },
        Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn not_linked() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 1, answer: 0 },
        Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn spend() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 0, handle: 0, answer: 0 },
        Callback { cookie: 1, state: 0, code: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_login() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 0, handle: 0, answer: 0 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_stranger() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 1, answer: 0 },
        SubmitFirst { cookie: 1, answer: 0 }, Commit { pending: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_code() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 3, state: 1, code: 1 }, IssueCode { person: ADA },
        GiveCode { row: 0, handle: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
        GiveCode { row: 0, handle: 1, code: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_invitation() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Invite { cookie: 0 }, Invite { cookie: 0 },
        Commit { pending: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
        Commit { pending: 1 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_card() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 3, state: 1, code: 1 }, Commit { pending: 0 },
        Ask { row: 0, handle: 0, agent: false }, Register { by: Ada, handed: 0 },
        Submit { row: 0, handle: 0, answer: 0 }, Commit { pending: 0 },
        Ask { row: 1, handle: 1, agent: false }, Register { by: Ada, handed: 1 },
        Submit { row: 1, handle: 1, answer: 1 }, Commit { pending: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn live_card() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 1, answer: 0 },
        Revoke { card: 2 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn revoke_ends_logins() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 2, answer: 0 },
        Change { cookie: 1, artefact: 0, remove: None }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 1, card: 2 }, Submit { row: 0, handle: 0, answer: 1 },
        Ask { row: 0, handle: 0, agent: false }, Register { by: Ada, handed: 2 },
        Revoke { card: 2 }, Submit { row: 0, handle: 0, answer: 2 },
    ]
}

#[rustfmt::skip]
pub(super) fn atomic() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Wait { which: 0 },
        Callback { cookie: 1, state: 0, code: 0 }, Disable, Commit { pending: 0 },
        Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn registration() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Resettle, Callback { cookie: 1, state: 0, code: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn invitation_alive() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Wait { which: 0 }, Invite { cookie: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn invited_with_card() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Invite { cookie: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn change_with_card() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 2, answer: 0 },
        Revoke { card: 2 }, Change { cookie: 1, artefact: 0, remove: None },
    ]
}

#[rustfmt::skip]
pub(super) fn code_browser() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: MALLORY, fresh: true },
        Callback { cookie: 3, state: 1, code: 1 },
        IssueCode { person: ADA }, GiveCode { row: 0, handle: 1, code: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn code_alive() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 },
        IssueCode { person: ADA }, Wait { which: 0 }, GiveCode { row: 0, handle: 0, code: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn asked_browser() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 2, state: 0, code: 0 },
        SignIn { cookie: 3, place: Entra, person: MALLORY, fresh: true },
        Callback { cookie: 3, state: 1, code: 1 },
        Ask { row: 0, handle: 1, agent: true }, Register { by: Mallory, handed: 0 },
        SubmitByAgent { by: Mallory, row: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn refused_challenge() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 },
        Ask { row: 0, handle: 0, agent: false }, Ask { row: 0, handle: 0, agent: false },
        Fail { row: 0, handed: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn answer_tenant() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: MALLORY, fresh: true },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Mallory, handed: 0, card: 1 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn answer_live() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Revoke { card: 2 }, Callback { cookie: 1, state: 0, code: 0 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn enrols_still() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 1, state: 0, code: 0 },
        Ask { row: 0, handle: 0, agent: false }, Register { by: Ada, handed: 0 }, Tighten,
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn not_fresh() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Mallory, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_card_again() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME },
        Choose { cookie: 0, place: Entra }, Choose { cookie: 1, place: Entra },
        SignIn { cookie: 2, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 2, state: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
        Revoke { card: 2 },
        SignIn { cookie: 3, place: Entra, person: ADA, fresh: true },
        Callback { cookie: 3, state: 1, code: 1 }, Ask { row: 0, handle: 1, agent: false },
        Register { by: Ada, handed: 1 }, Submit { row: 0, handle: 1, answer: 1 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_asked_channel() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirstByAgent { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirstByAgent { cookie: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn paired() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, ShowPairing { cookie: 0 },
        Ask { row: 0, handle: 0, agent: true }, Tap { by: Ada, handed: 0, card: 2 },
        SubmitByAgent { by: Ada, row: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn paired_until() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, ShowPairing { cookie: 0 },
        Ask { row: 0, handle: 0, agent: true }, Tap { by: Ada, handed: 0, card: 2 }, Tighten,
        SubmitByAgent { by: Ada, row: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn paired_without_card() -> Vec<Move> {
    vec![Start { by: Ada, tenant: ACME }, ShowPairing { cookie: 0 }]
}

#[rustfmt::skip]
pub(super) fn paired_disabled() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, ShowPairing { cookie: 0 }, Commit { pending: 0 },
        Ask { row: 0, handle: 0, agent: true }, Tap { by: Ada, handed: 0, card: 2 }, Disable,
        SubmitByAgent { by: Ada, row: 0, answer: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn paired_revoked() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, ShowPairing { cookie: 0 }, Commit { pending: 0 },
        Ask { row: 0, handle: 0, agent: true }, Tap { by: Ada, handed: 0, card: 2 },
        Revoke { card: 2 }, SubmitByAgent { by: Ada, row: 0, answer: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn paired_person() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, ShowPairing { cookie: 0 },
        Ask { row: 0, handle: 0, agent: true }, Tap { by: Mallory, handed: 0, card: 0 },
        SubmitByAgent { by: Mallory, row: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_challenge() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Mallory, tenant: ACME },
        AskFirst { cookie: 0 }, AskFirst { cookie: 1 }, Tap { by: Ada, handed: 0, card: 2 },
        SubmitFirst { cookie: 3, answer: 0 }, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_channel() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirstByAgent { cookie: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_tenant() -> Vec<Move> {
    vec![
        Start { by: Mallory, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Mallory, handed: 0, card: 1 }, SubmitFirst { cookie: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn first_allowed() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, Tighten, SubmitFirst { cookie: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn enabled() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 },
        Commit { pending: 0 }, Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 0, handle: 0, answer: 0 }, Disable, Commit { pending: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn end_session() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 2, answer: 0 },
        Confirm { cookie: 1, artefact: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 1, card: 2 }, SignOut { artefact: 0 },
        Submit { row: 0, handle: 0, answer: 1 },
    ]
}

#[rustfmt::skip]
pub(super) fn end_login() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
        Callback { cookie: 1, state: 0, code: 0 },
        Ask { row: 0, handle: 0, agent: false }, Fail { row: 0, handed: 0 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 1, card: 2 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn eam_without_hint() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, AskFirst { cookie: 0 },
        Tap { by: Ada, handed: 0, card: 2 }, SubmitFirst { cookie: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn hint_door() -> Vec<Move> {
    vec![
        Start { by: Ada, tenant: ACME }, PostHintAt { cookie: 0, hint: 0 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn hint_alive() -> Vec<Move> {
    vec![
        Wait { which: 1 }, PostHint { by: Ada, hint: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn hint_enrols() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, IssueCode { person: ADA },
        GiveCode { row: 0, handle: 0, code: 0 }, Ask { row: 0, handle: 0, agent: false },
        Register { by: Ada, handed: 0 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn eam_life() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Wait { which: 0 }, Wait { which: 0 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn hint_disabled() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Disable, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn hint_browser() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, PostHint { by: Mallory, hint: 1 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 0, card: 2 },
        Submit { row: 0, handle: 1, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_hint() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, PostHint { by: Mallory, hint: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn answer_twice() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 0, handle: 0, answer: 0 },
        Ask { row: 0, handle: 0, agent: false }, Tap { by: Ada, handed: 1, card: 2 },
        Submit { row: 0, handle: 0, answer: 1 },
    ]
}

/// From Entra's page on: Ada proves to Entra, comes back, and is let in.
#[rustfmt::skip]
pub(super) fn one_tap() -> Vec<Move> {
    let mut moves = proved_to_entra();
    moves.extend([
        Callback { cookie: 1, state: 0, code: 0 },
        OneTap { row: 0, handle: 1, transaction: 0, held: 0 },
    ]);
    moves
}

#[rustfmt::skip]
fn proved_to_entra() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Ask { row: 0, handle: 0, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 0, handle: 0, answer: 0 },
    ]
}

pub(super) fn one_tap_late() -> Vec<Move> {
    one_tap_after(Wait { which: 0 })
}

pub(super) fn one_tap_disabled() -> Vec<Move> {
    one_tap_after(Disable)
}

fn one_tap_after(trouble: Move) -> Vec<Move> {
    let mut moves = one_tap();
    let last = moves.pop();
    moves.extend([Some(trouble), last].into_iter().flatten());
    moves
}

/// A login that waits ends with the card; one that is at Entra's page does not.
#[rustfmt::skip]
pub(super) fn one_tap_revoked() -> Vec<Move> {
    let mut moves = proved_to_entra();
    moves.extend([
        Revoke { card: 2 }, Callback { cookie: 1, state: 0, code: 0 },
        OneTap { row: 0, handle: 1, transaction: 0, held: 0 },
    ]);
    moves
}

#[rustfmt::skip]
pub(super) fn one_tap_before() -> Vec<Move> {
    let mut moves = vec![
        Start { by: Ada, tenant: ACME }, Choose { cookie: 0, place: Entra },
        SignIn { cookie: 1, place: Entra, person: ADA, fresh: false },
    ];
    moves.extend(one_tap());
    moves
}

#[rustfmt::skip]
pub(super) fn one_tap_browser() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Ask { row: 1, handle: 2, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 1, handle: 2, answer: 0 },
        OneTap { row: 1, handle: 1, transaction: 0, held: 1 },
    ]
}

/// Mallory, who has proved for himself, and names Ada's login.
pub(super) fn one_tap_login() -> Vec<Move> {
    let mut moves = mallory_proved_to_entra();
    moves.push(OneTap { row: 0, handle: 1, transaction: 0, held: 2 });
    moves
}

/// Or his own, for which Entra vouched for Ada.
pub(super) fn one_tap_person() -> Vec<Move> {
    let mut moves = mallory_proved_to_entra();
    moves.push(OneTap { row: 1, handle: 1, transaction: 0, held: 2 });
    moves
}

#[rustfmt::skip]
fn mallory_proved_to_entra() -> Vec<Move> {
    vec![
        PostHint { by: Mallory, hint: 1 }, Ask { row: 2, handle: 2, agent: false },
        Tap { by: Mallory, handed: 0, card: 0 }, Submit { row: 2, handle: 2, answer: 0 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_eam_proof() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Ask { row: 2, handle: 2, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 2, handle: 2, answer: 0 },
        OneTap { row: 0, handle: 0, transaction: 0, held: 2 },
        OneTap { row: 0, handle: 1, transaction: 0, held: 2 },
    ]
}

#[rustfmt::skip]
pub(super) fn take_login_proved() -> Vec<Move> {
    vec![
        PostHint { by: Ada, hint: 0 }, Ask { row: 1, handle: 1, agent: false },
        Tap { by: Ada, handed: 0, card: 2 }, Submit { row: 1, handle: 1, answer: 0 },
        PostHint { by: Ada, hint: 1 }, Ask { row: 2, handle: 2, agent: false },
        Tap { by: Ada, handed: 1, card: 2 }, Submit { row: 2, handle: 2, answer: 1 },
        OneTap { row: 0, handle: 0, transaction: 0, held: 1 },
        OneTap { row: 0, handle: 0, transaction: 1, held: 2 },
    ]
}

//! Each plan with its modules as tests.

use crate::client::Mode;

/// Modules of a file as tests, with answers in one mode.
macro_rules! tests {
    ($mode:expr, $file:ident: $($module:ident)+) => {
        $(
            #[test]
            fn $module() {
                crate::place::run($mode, crate::modules::$file::$module);
            }
        )+
    };
}

/// The basic plan, with answers in one mode.
macro_rules! basic {
    ($mode:expr) => {
        tests!($mode, flow:
            oidcc_server
            oidcc_response_type_missing
            oidcc_idtoken_signature
            oidcc_idtoken_unsigned
            oidcc_ensure_request_without_nonce_succeeds_for_code_flow
            oidcc_alternate_happy_flow
            oidcc_ensure_registered_redirect_uri
            oidcc_ensure_post_request_succeeds
            oidcc_server_client_secret_post
            oidcc_ensure_request_with_valid_pkce_succeeds
        );
        tests!($mode, claims:
            oidcc_userinfo_get
            oidcc_userinfo_post_header
            oidcc_userinfo_post_body
            oidcc_scope_profile
            oidcc_scope_email
            oidcc_scope_address
            oidcc_scope_phone
            oidcc_scope_all
            oidcc_claims_essential
        );
        tests!($mode, hints:
            oidcc_display_page
            oidcc_display_popup
            oidcc_ensure_request_with_unknown_parameter_succeeds
            oidcc_id_token_hint
            oidcc_login_hint
            oidcc_ui_locales
            oidcc_claims_locales
            oidcc_ensure_request_with_acr_values_succeeds
        );
        tests!($mode, sessions:
            oidcc_prompt_login
            oidcc_prompt_none_not_logged_in
            oidcc_prompt_none_logged_in
            oidcc_max_age_1
            oidcc_max_age_10000
        );
        tests!($mode, grants:
            oidcc_codereuse
            oidcc_codereuse_30seconds
            oidcc_refresh_token
        );
        tests!($mode, request_objects:
            oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported
            oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported
            oidcc_ensure_request_object_with_redirect_uri
        );
    };
}

mod basic {
    basic!(super::Mode::Query);
}

mod form_post {
    basic!(super::Mode::FormPost);
}

mod config {
    tests!(super::Mode::Query, discovery: oidcc_discovery_endpoint_verification);
}

mod back_channel_logout {
    tests!(super::Mode::Query, discovery:
        oidcc_backchannel_logout_discovery_endpoint_verification
    );
    tests!(super::Mode::Query, back_channel: oidcc_backchannel_rp_initiated_logout);
}

mod rp_initiated_logout {
    tests!(super::Mode::Query, discovery:
        oidcc_rp_initiated_logout_discovery_endpoint_verification
    );
    tests!(super::Mode::Query, logout:
        oidcc_rp_initiated_logout
        oidcc_rp_initiated_logout_bad_post_logout_redirect_uri
        oidcc_rp_initiated_logout_modified_id_token_hint
        oidcc_rp_initiated_logout_no_id_token_hint
        oidcc_rp_initiated_logout_no_params
        oidcc_rp_initiated_logout_no_post_logout_redirect_uri
        oidcc_rp_initiated_logout_no_state
        oidcc_rp_initiated_logout_only_state
        oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri
        oidcc_rp_initiated_logout_bad_id_token_hint
    );
}

//! Numbers that an authenticator answers with.

use crate::wire_enum::wire_enum;

wire_enum! {
    /// Status byte that starts each answer of an authenticator (CTAP 2.1 §8.2).
    pub struct Status {
        /// `CTAP2_OK`.
        SUCCESS = 0x00,
        /// `CTAP1_ERR_INVALID_COMMAND`.
        INVALID_COMMAND = 0x01,
        /// `CTAP1_ERR_INVALID_PARAMETER`.
        INVALID_PARAMETER = 0x02,
        /// `CTAP1_ERR_INVALID_LENGTH`.
        INVALID_LENGTH = 0x03,
        /// `CTAP1_ERR_INVALID_SEQ`.
        INVALID_SEQ = 0x04,
        /// `CTAP1_ERR_TIMEOUT`.
        TIMEOUT = 0x05,
        /// `CTAP1_ERR_CHANNEL_BUSY`.
        CHANNEL_BUSY = 0x06,
        /// `CTAP1_ERR_LOCK_REQUIRED`.
        LOCK_REQUIRED = 0x0A,
        /// `CTAP1_ERR_INVALID_CHANNEL`.
        INVALID_CHANNEL = 0x0B,
        /// `CTAP2_ERR_CBOR_UNEXPECTED_TYPE`.
        CBOR_UNEXPECTED_TYPE = 0x11,
        /// `CTAP2_ERR_INVALID_CBOR`.
        INVALID_CBOR = 0x12,
        /// `CTAP2_ERR_MISSING_PARAMETER`.
        MISSING_PARAMETER = 0x14,
        /// `CTAP2_ERR_LIMIT_EXCEEDED`.
        LIMIT_EXCEEDED = 0x15,
        /// `CTAP2_ERR_FP_DATABASE_FULL`.
        FP_DATABASE_FULL = 0x17,
        /// `CTAP2_ERR_LARGE_BLOB_STORAGE_FULL`.
        LARGE_BLOB_STORAGE_FULL = 0x18,
        /// `CTAP2_ERR_CREDENTIAL_EXCLUDED`.
        CREDENTIAL_EXCLUDED = 0x19,
        /// `CTAP2_ERR_PROCESSING`.
        PROCESSING = 0x21,
        /// `CTAP2_ERR_INVALID_CREDENTIAL`.
        INVALID_CREDENTIAL = 0x22,
        /// `CTAP2_ERR_USER_ACTION_PENDING`.
        USER_ACTION_PENDING = 0x23,
        /// `CTAP2_ERR_OPERATION_PENDING`.
        OPERATION_PENDING = 0x24,
        /// `CTAP2_ERR_NO_OPERATIONS`.
        NO_OPERATIONS = 0x25,
        /// `CTAP2_ERR_UNSUPPORTED_ALGORITHM`.
        UNSUPPORTED_ALGORITHM = 0x26,
        /// `CTAP2_ERR_OPERATION_DENIED`.
        OPERATION_DENIED = 0x27,
        /// `CTAP2_ERR_KEY_STORE_FULL`.
        KEY_STORE_FULL = 0x28,
        /// `CTAP2_ERR_UNSUPPORTED_OPTION`.
        UNSUPPORTED_OPTION = 0x2B,
        /// `CTAP2_ERR_INVALID_OPTION`.
        INVALID_OPTION = 0x2C,
        /// `CTAP2_ERR_KEEPALIVE_CANCEL`.
        KEEPALIVE_CANCEL = 0x2D,
        /// `CTAP2_ERR_NO_CREDENTIALS`.
        NO_CREDENTIALS = 0x2E,
        /// `CTAP2_ERR_USER_ACTION_TIMEOUT`.
        USER_ACTION_TIMEOUT = 0x2F,
        /// `CTAP2_ERR_NOT_ALLOWED`.
        NOT_ALLOWED = 0x30,
        /// `CTAP2_ERR_PIN_INVALID`.
        PIN_INVALID = 0x31,
        /// `CTAP2_ERR_PIN_BLOCKED`.
        PIN_BLOCKED = 0x32,
        /// `CTAP2_ERR_PIN_AUTH_INVALID`.
        PIN_AUTH_INVALID = 0x33,
        /// `CTAP2_ERR_PIN_AUTH_BLOCKED`.
        PIN_AUTH_BLOCKED = 0x34,
        /// `CTAP2_ERR_PIN_NOT_SET`.
        PIN_NOT_SET = 0x35,
        /// `CTAP2_ERR_PUAT_REQUIRED`.
        PUAT_REQUIRED = 0x36,
        /// `CTAP2_ERR_PIN_POLICY_VIOLATION`.
        PIN_POLICY_VIOLATION = 0x37,
        /// `CTAP2_ERR_REQUEST_TOO_LARGE`.
        REQUEST_TOO_LARGE = 0x39,
        /// `CTAP2_ERR_ACTION_TIMEOUT`.
        ACTION_TIMEOUT = 0x3A,
        /// `CTAP2_ERR_UP_REQUIRED`.
        UP_REQUIRED = 0x3B,
        /// `CTAP2_ERR_UV_BLOCKED`.
        UV_BLOCKED = 0x3C,
        /// `CTAP2_ERR_INTEGRITY_FAILURE`.
        INTEGRITY_FAILURE = 0x3D,
        /// `CTAP2_ERR_INVALID_SUBCOMMAND`.
        INVALID_SUBCOMMAND = 0x3E,
        /// `CTAP2_ERR_UV_INVALID`.
        UV_INVALID = 0x3F,
        /// `CTAP2_ERR_UNAUTHORIZED_PERMISSION`.
        UNAUTHORIZED_PERMISSION = 0x40,
        /// `CTAP1_ERR_OTHER`.
        OTHER = 0x7F,
    }
}

wire_enum! {
    /// What an authenticator does while it lets us wait (`CTAPHID_KEEPALIVE`, `NFCCTAP_GETRESPONSE`).
    pub struct Keepalive {
        /// It is computing.
        PROCESSING = 0x01,
        /// It waits for the user to touch it.
        UP_NEEDED = 0x02,
    }
}

/// Declares the named values of a one-byte protocol registry.
///
/// The type keeps the number that was on the wire, so a value we do not know
/// survives a round trip and prints as hexadecimal instead of becoming an error.
macro_rules! wire_enum {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$vmeta:meta])* $value:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        $vis struct $name(pub u8);

        impl $name {
            $($(#[$vmeta])* $vis const $value: Self = Self($code);)+
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match *self {
                    $(Self::$value => f.write_str(stringify!($value)),)+
                    Self(code) => write!(f, "{}(0x{code:02X})", stringify!($name)),
                }
            }
        }
    };
}
pub(crate) use wire_enum;

#[cfg(test)]
mod tests {
    wire_enum! {
        /// A registry for the test.
        struct Code {
            OK = 0x00,
            TIMEOUT = 0x05,
        }
    }

    #[test]
    fn unknown_values_survive_and_print_as_hex() {
        assert_eq!(format!("{:?}", Code::TIMEOUT), "TIMEOUT");
        assert_eq!(format!("{:?}", Code(0xF3)), "Code(0xF3)");
        assert_eq!(Code::OK.0, 0x00);
    }
}

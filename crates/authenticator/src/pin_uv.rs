//! PIN/UV auth protocols one and two, CTAP 2.1 §6.5.6 and §6.5.7: a secret shared with the
//! authenticator, and what is encrypted and authenticated with it.

use aes::Aes256;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, agree};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::cbor::Malformed;
use crate::cose::Point;
use crate::get_info;

/// Fills a buffer with random bytes that nobody can guess. The operating system's generator in
/// a program, a seeded one in a test.
pub type Entropy<'a> = dyn FnMut(&mut [u8]) + 'a;

/// How often a random number is drawn until it is a key for P-256. All but one in 2^32 are.
const DRAWS: usize = 8;
const BLOCK: usize = 16;

/// Which of the two protocols is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinUvAuthProtocol {
    /// Protocol one: no initialisation vector, a code of 16 bytes.
    One,
    /// Protocol two: separate keys, a random initialisation vector, a code of 32 bytes.
    Two,
}

impl PinUvAuthProtocol {
    /// The first of the authenticator's protocols that is known here; one when it names none.
    pub fn choose(info: &get_info::Response) -> Option<Self> {
        if info.pin_uv_auth_protocols.is_empty() {
            return Some(Self::One);
        }
        info.pin_uv_auth_protocols.iter().find_map(|number| match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        })
    }

    /// Its number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// `authenticate(key, message)`: the code that proves the knowledge of `key`.
    pub(crate) fn authenticate(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(message);
        let mut code = mac.finalize().into_bytes().to_vec();
        if self == Self::One {
            code.truncate(16);
        }
        code
    }

    /// `kdf(Z)`: from the x-coordinate of the shared point, the keys for HMAC and for AES.
    fn derive(self, z: &[u8]) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
        match self {
            Self::One => {
                let key = <[u8; 32]>::from(Sha256::digest(z));
                (Zeroizing::new(key), Zeroizing::new(key))
            }
            Self::Two => {
                let hkdf = Hkdf::<Sha256>::new(Some(&[0; 32]), z);
                (expand(&hkdf, b"CTAP2 HMAC key"), expand(&hkdf, b"CTAP2 AES key"))
            }
        }
    }

    /// Whether a PIN/UV token may have this length: 16 or 32 bytes in protocol one, else 32.
    fn token_length_is_right(self, length: usize) -> bool {
        length == 32 || (self == Self::One && length == 16)
    }
}

/// The platform's key for one key agreement.
pub(crate) struct PlatformKey {
    private: PrivateKey,
    public: Point,
}

impl PlatformKey {
    /// `regenerate()`: a fresh key.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when no draw is a key.
    pub(crate) fn fresh(entropy: &mut Entropy<'_>) -> Result<Self, Malformed> {
        let mut draw = Zeroizing::new([0; 32]);
        let drawn = (0..DRAWS).find_map(|_| {
            entropy(&mut *draw);
            PrivateKey::from_private_key(&ECDH_P256, &*draw).ok()
        });
        let private = drawn.ok_or(Malformed)?;
        let public = private.compute_public_key().map_err(|_| Malformed)?;
        Ok(Self { public: Point::new(public.as_ref())?, private })
    }
}

/// The secret shared with one authenticator for one exchange.
pub(crate) struct SharedSecret {
    protocol: PinUvAuthProtocol,
    hmac_key: Zeroizing<[u8; 32]>,
    aes_key: Zeroizing<[u8; 32]>,
    /// Our half of the exchange, which the authenticator needs to make the same secret.
    pub(crate) platform_key: Point,
}

impl SharedSecret {
    /// `encapsulate(peerCoseKey)`: the secret that our key makes with theirs.
    pub(crate) fn encapsulate(
        protocol: PinUvAuthProtocol,
        peer: &Point,
        ours: &PlatformKey,
    ) -> Result<Self, Malformed> {
        let platform_key = ours.public;
        agree(&ours.private, peer.unparsed(), Malformed, |z| {
            let (hmac_key, aes_key) = protocol.derive(z);
            Ok(Self { protocol, hmac_key, aes_key, platform_key })
        })
    }

    /// The protocol it was made for.
    pub(crate) fn protocol(&self) -> PinUvAuthProtocol {
        self.protocol
    }

    /// `encrypt(key, demPlaintext)`. The length of `plain` is a multiple of 16.
    pub(crate) fn encrypt(
        &self,
        plain: &[u8],
        entropy: &mut Entropy<'_>,
    ) -> Result<Vec<u8>, Malformed> {
        let mut iv = [0; BLOCK];
        if self.protocol == PinUvAuthProtocol::Two {
            entropy(&mut iv);
        }
        let mut cipher_text = vec![0; plain.len()];
        cbc::Encryptor::<Aes256>::new((&*self.aes_key).into(), &iv.into())
            .encrypt_padded_b2b::<NoPadding>(plain, &mut cipher_text)
            .map_err(|_| Malformed)?;
        Ok(match self.protocol {
            PinUvAuthProtocol::One => cipher_text,
            PinUvAuthProtocol::Two => [&iv[..], &cipher_text].concat(),
        })
    }

    /// `decrypt(key, demCiphertext)`.
    fn decrypt(&self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Malformed> {
        let (iv, cipher_text) = match self.protocol {
            PinUvAuthProtocol::One => ([0; BLOCK], bytes),
            PinUvAuthProtocol::Two => {
                let (iv, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
                (*iv, rest)
            }
        };
        let mut plain = Zeroizing::new(vec![0; cipher_text.len()]);
        cbc::Decryptor::<Aes256>::new((&*self.aes_key).into(), &iv.into())
            .decrypt_padded_b2b::<NoPadding>(cipher_text, &mut plain)
            .map_err(|_| Malformed)?;
        Ok(plain)
    }

    /// `authenticate(shared secret, message)`.
    pub(crate) fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        self.protocol.authenticate(&*self.hmac_key, message)
    }

    /// Decrypts the token that the authenticator gave us.
    pub(crate) fn token(&self, encrypted: &[u8]) -> Result<PinUvAuthToken, Malformed> {
        let token = self.decrypt(encrypted)?;
        if !self.protocol.token_length_is_right(token.len()) {
            return Err(Malformed);
        }
        Ok(PinUvAuthToken { protocol: self.protocol, token })
    }
}

/// A `pinUvAuthToken`: lets its holder speak for the person to one authenticator, until the
/// authenticator is reset. Lives as long as one ceremony.
pub(crate) struct PinUvAuthToken {
    protocol: PinUvAuthProtocol,
    token: Zeroizing<Vec<u8>>,
}

impl PinUvAuthToken {
    /// The protocol it belongs to.
    pub(crate) fn protocol(&self) -> PinUvAuthProtocol {
        self.protocol
    }

    /// `pinUvAuthParam` over `message`: the hash of the client data, or what else the command says.
    pub(crate) fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        self.protocol.authenticate(&self.token, message)
    }
}

fn expand(hkdf: &Hkdf<Sha256>, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "32 bytes are one block of SHA-256")]
    hkdf.expand(info, &mut *key).expect("one block is never too long");
    key
}

#[cfg(test)]
pub(crate) mod tests;

use authenticator::{Account, NewPinPrompt, Person, Pin, PinPrompt, Until};

/// Answers whatever is asked.
pub(crate) struct Patient;

impl Person for Patient {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new("2468").ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new("2468").ok()
    }

    fn choose_account(&mut self, accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        accounts.len().checked_sub(1)
    }

    fn touch_needed(&mut self) {}
}

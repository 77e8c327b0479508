"""Assertions with a PIN by python-fido2, over PC/SC: microseconds of each, a line each."""

import sys
import time

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.pcsc import CtapPcscDevice
from fido2.webauthn import (
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRequestOptions,
    PublicKeyCredentialType,
    UserVerificationRequirement,
)

rp_id, origin, pin, credential, count = sys.argv[1:]


class Holder(UserInteraction):
    def prompt_up(self):
        pass

    def request_pin(self, permissions, rp_id):
        return pin

    def request_uv(self, permissions, rp_id):
        return True


device = next(CtapPcscDevice.list_devices())
client = Fido2Client(device, DefaultClientDataCollector(origin), user_interaction=Holder())
descriptor = PublicKeyCredentialDescriptor(
    type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes.fromhex(credential)
)
options = PublicKeyCredentialRequestOptions(
    challenge=bytes(32),
    rp_id=rp_id,
    allow_credentials=[descriptor],
    user_verification=UserVerificationRequirement.REQUIRED,
)
for _ in range(int(count)):
    began = time.perf_counter()
    answer = client.get_assertion(options).get_response(0)
    took = time.perf_counter() - began
    if not answer.response.authenticator_data.is_user_verified():
        sys.exit("no user verification")
    print(round(took * 1e6))

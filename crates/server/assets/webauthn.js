/**
 * WebAuthn Level 3 in JSON (§5.1.8 to §5.1.10). Browsers bring this along; older ones do not. The
 * server sends this file in front of `card.js`, in one.
 */

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function base64url(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function withBytes(descriptors) {
  return descriptors?.map((descriptor) => ({ ...descriptor, id: bytes(descriptor.id) }));
}

function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  }
  const user = { ...json.user, id: bytes(json.user.id) };
  const excludeCredentials = withBytes(json.excludeCredentials);
  return { ...json, challenge: bytes(json.challenge), user, excludeCredentials };
}

function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  }
  const allowCredentials = withBytes(json.allowCredentials);
  return { ...json, challenge: bytes(json.challenge), allowCredentials };
}

function credentialJson(credential) {
  try {
    return credential.toJSON();
  } catch {
    // Absent in older browsers, and broken by some extensions that bring their own credentials.
  }
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = base64url(credential.response[name]);
  }
  const transports = credential.response.getTransports?.();
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: transports ? { ...response, transports } : response,
  };
}


// UserSigs made in the browser (doc 34385): the key does not leave it.

const day = 24 * 60 * 60;

// canSign reports whether this page may use the browser's cryptography, which
// browsers allow over HTTPS and on loopback alone.
export function canSign() {
  return globalThis.crypto?.subtle !== undefined && globalThis.CompressionStream !== undefined;
}

// sign makes a UserSig of an account. now is in seconds since 1970, life in
// seconds.
export async function sign(sdkAppID, key, identifier, now, life = day) {
  const encoder = new TextEncoder();
  const text = `TLS.identifier:${identifier}\nTLS.sdkappid:${sdkAppID}\nTLS.time:${now}\nTLS.expire:${life}\n`;
  const hmac = await crypto.subtle.importKey("raw", encoder.encode(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = base64(new Uint8Array(await crypto.subtle.sign("HMAC", hmac, encoder.encode(text))));
  const document = JSON.stringify({
    "TLS.ver": "2.0", "TLS.identifier": identifier, "TLS.sdkappid": sdkAppID,
    "TLS.expire": life, "TLS.time": now, "TLS.sig": signature,
  });
  const deflated = new Blob([document]).stream().pipeThrough(new CompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(deflated).arrayBuffer());
  return base64(bytes).replaceAll("+", "*").replaceAll("/", "-").replaceAll("=", "_");
}

function base64(bytes) {
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
}

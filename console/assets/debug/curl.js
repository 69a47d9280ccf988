// A request as a command for curl in a POSIX shell.

// quoted is a word of the shell that means the text, whatever it holds.
export function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

// addressOf is the URL of a call; a query's values are encoded, and so hold
// nothing that a shell or curl would read.
function addressOf(command, { sdkAppID, identifier, userSig, random }) {
  const query = new URLSearchParams({ sdkappid: sdkAppID, identifier });
  return `${location.origin}${command.path}?${query}&usersig=${userSig}&random=${random}&contenttype=json`;
}

// curl is the call of a command with a body. Without a userSig it takes the
// shell's variable USERSIG.
export function curl(command, body, { sdkAppID, identifier, userSig, random }) {
  const address = addressOf(command, { sdkAppID, identifier, userSig: userSig ?? "$USERSIG", random });
  return `curl -sS ${userSig ? quoted(address) : `"${address}"`} \\\n  -H 'Content-Type: application/json' \\\n  --data-raw ${quoted(body)}`;
}

// shortened is a URL with its UserSig cut to what tells it from others.
export function shortened(url) {
  return url.replace(/(usersig=[^&]{6})[^&]+([^&]{4})/, "$1…$2");
}

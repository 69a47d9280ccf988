package nodesdk

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/test/sdktest"
)

// sdkHost is the host that the SDK has built in.
const sdkHost = "console.tim.qq.com"

func TestAServerSDKThatOthersWroteWorksUnchanged(t *testing.T) {
	if testing.Short() {
		return // Node and its packages are no part of the inner loop
	}
	sdktest.Need(t, "node", "npm")
	if !sdktest.Installed(t, "package-lock.json", "node_modules/.package-lock.json") {
		sdktest.Run(t, nil, "npm", "ci", "--ignore-scripts")
	}
	for _, variable := range os.Environ() { // no proxy stands between the SDK and the server under test
		if name, _, _ := strings.Cut(variable, "="); strings.HasSuffix(strings.ToLower(name), "_proxy") {
			t.Setenv(name, "")
		}
	}
	address, authority := sdktest.Serve(t, sdkHost, chat.DefaultSettings())
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(sdktest.Key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	output := sdktest.Run(t, []string{
		"RECANT_ADDRESS=" + address, "RECANT_SDKAPPID=" + strconv.Itoa(sdktest.SDKAppID),
		"RECANT_KEY_FILE=" + keyFile, "NODE_EXTRA_CA_CERTS=" + authority,
	}, "node", "--no-deprecation", "scenario.mjs")
	t.Logf("\n%s", output)
}

package javasdk

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/test/sdktest"
)

const (
	// host is a name of this machine; the SDK takes any, with a port.
	host = "localhost"
	// page names the methods that are not driven, each with the reason.
	page = "../../docs/java-sdk.md"
)

func TestEveryMethodOfAServerSDKThatOthersWrote(t *testing.T) {
	if testing.Short() {
		return // Java and its packages are no part of the inner loop
	}
	outcomes, undriven, seen := map[string]int{}, undrivenMethods(t), map[string]bool{}
	output := drive(t)
	t.Logf("\n%s", output)
	for line := range strings.Lines(output) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if fields[0] != "method" {
			continue
		}
		outcome, method, why := fields[1], fields[2], fields[3]
		outcomes[outcome]++
		name, _, _ := strings.Cut(method, "(")
		seen[name] = true
		switch {
		case outcome == "FAIL":
			t.Errorf("%s failed: %s", method, why)
		case outcome == "idle" && !undriven[name]:
			t.Errorf("%s is neither driven nor named in %s", method, page)
		case outcome != "idle" && undriven[name]:
			t.Errorf("%s is driven, but %s says that it is not", method, page)
		}
	}
	for name := range undriven {
		if !seen[name] {
			t.Errorf("%s names %s, which the SDK does not have", page, name)
		}
	}
	if outcomes["ok"] == 0 {
		t.Error("the program reported no method that works")
	}
}

// install fetches the SDK and what it depends on, unless that was done since
// pom.xml last changed.
func install(t *testing.T) {
	t.Helper()
	sdktest.Need(t, "mvn", "javac", "java", "keytool")
	const complete = "lib/.complete"
	if sdktest.Installed(t, "pom.xml", complete) {
		return
	}
	if err := os.RemoveAll("lib"); err != nil {
		t.Fatal(err)
	}
	sdktest.Run(t, nil, "mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "dependency:copy-dependencies")
	if err := os.WriteFile(complete, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// drive compiles the program and runs it against a server, and returns what it
// wrote.
func drive(t *testing.T) string {
	t.Helper()
	install(t)
	sources, err := filepath.Glob("*.java")
	if err != nil {
		t.Fatal(err)
	}
	classes := t.TempDir()
	sdktest.Run(t, nil, "javac", append([]string{"-d", classes, "-cp", "lib/*"}, sources...)...)

	var applications []chat.Settings
	for _, style := range []string{"object", "array", "custom", "placeholder"} { // as in App.java
		settings := chat.DefaultSettings()
		settings.HistoryTipStyle = style
		applications = append(applications, settings)
	}
	address, authority := sdktest.Serve(t, host, applications...)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	const password = "changeit"
	trust := filepath.Join(t.TempDir(), "trust.jks")
	sdktest.Run(t, nil, "keytool", "-importcert", "-noprompt", "-storepass", password, "-file", authority, "-keystore", trust)
	return sdktest.Run(t, []string{
		"RECANT_ADDRESS=" + net.JoinHostPort(host, port), "RECANT_SDKAPPID=" + strconv.Itoa(sdktest.SDKAppID), "RECANT_KEY=" + sdktest.Key,
	}, "java", "-Djavax.net.ssl.trustStore="+trust, "-Djavax.net.ssl.trustStorePassword="+password, "-cp", classes+string(os.PathListSeparator)+"lib/*", "Main")
}

// undrivenMethods returns the methods that the page's tables name in their
// first column.
func undrivenMethods(t *testing.T) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(content), "## Not driven")
	if !found {
		t.Fatalf("%s has no section on what is not driven", page)
	}
	methods := map[string]bool{}
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			for _, name := range regexp.MustCompile("`([a-zA-Z]+\\.[a-zA-Z0-9]+)`").FindAllStringSubmatch(cells[1], -1) {
				methods[name[1]] = true
			}
		}
	}
	return methods
}

package nodesdk

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"math/big"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/store/pebble"
)

// The application that the server serves. The host is the one that the SDK has
// built in.
const (
	sdkAppID = 1400000001
	key      = "2f7d1c6b5a493827160f5e4d3c2b1a09f8e7d6c5b4a3928170615f4e3d2c1b0a"
	sdkHost  = "console.tim.qq.com"
)

// patience bounds the install and the scenario.
const patience = 5 * time.Minute

func TestAServerSDKThatOthersWroteWorksUnchanged(t *testing.T) {
	if testing.Short() {
		return // Node and its packages are no part of the inner loop
	}
	install(t)
	address, authority := serve(t)
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	output := run(t, []string{
		"RECANT_ADDRESS=" + address, "RECANT_SDKAPPID=" + strconv.Itoa(sdkAppID),
		"RECANT_KEY_FILE=" + keyFile, "NODE_EXTRA_CA_CERTS=" + authority,
	}, "node", "--no-deprecation", "scenario.mjs")
	t.Logf("\n%s", output)
}

// install installs the packages that the lock file names, unless that was done
// since the file last changed.
func install(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: the SDK that this test drives runs on Node.js; `make tools` installs it", tool)
		}
	}
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	switch installed, err := os.Stat("node_modules/.package-lock.json"); {
	case err == nil && !installed.ModTime().Before(lock.ModTime()):
		return
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		t.Fatal(err)
	}
	run(t, nil, "npm", "ci", "--ignore-scripts")
}

// run runs a program to its end, which must be a good one, and returns what it
// wrote.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	for _, variable := range os.Environ() {
		// No proxy stands between the SDK and the server under test.
		if name == "node" && strings.HasSuffix(strings.ToLower(strings.SplitN(variable, "=", 2)[0]), "_proxy") {
			continue
		}
		cmd.Env = append(cmd.Env, variable)
	}
	cmd.Env = append(cmd.Env, env...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return string(output)
}

// serve starts a server with TLS and returns its address and the file with the
// certificate that vouches for it.
func serve(t *testing.T) (address, authority string) {
	t.Helper()
	certificate, authority := selfSigned(t)
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := pebble.Open(t.TempDir(), pebble.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	admins := []string{"administrator"}
	app, err := chat.OpenApp(t.Context(), st, sdkAppID, chat.Options{Settings: chat.DefaultSettings(), Admins: admins, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	unlimited := 0
	handler, err := api.NewServer([]api.Application{{
		SDKAppID: sdkAppID, Keys: []string{key}, Admins: admins, CallsPerSecond: &unlimited, Chat: app,
	}}, api.Options{Logger: logger, RequestTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), authority
}

// selfSigned makes a certificate of the SDK's host and writes it down as its
// own authority.
func selfSigned(t *testing.T) (certificate tls.Certificate, file string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: sdkHost}, DNSNames: []string{sdkHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, file
}

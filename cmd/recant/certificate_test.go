package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/chat"
)

// writePair writes a new self-signed certificate and its key under the names,
// by replacing the files as certificate tools do.
func writePair(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "recant"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := writeFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// servedSerial is the serial number of the certificate that a handshake shows.
func servedSerial(t *testing.T, p *process) int64 {
	t.Helper()
	connection, err := tls.Dial("tcp", strings.TrimPrefix(p.base, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTLSCertificateIsReadAgainWhenItChanges(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, 1)
	p := serve(t, data, "--tls-cert", certFile, "--tls-key", keyFile)
	if !strings.HasPrefix(p.base, "https://127.0.0.1:") {
		t.Fatalf("the base URL is %s", p.base)
	}
	if got := servedSerial(t, p); got != 1 {
		t.Fatalf("the server shows certificate %d", got)
	}
	// The printed call can be pasted although nothing vouches for the certificate.
	if got := paste(t, p.curls()[0]); got.ErrorCode != int(chat.CodeGroupNotFound) {
		t.Errorf("the printed call is answered with %d %s", got.ErrorCode, got.ErrorInfo)
	}

	writePair(t, certFile, keyFile, 2)
	if got := servedSerial(t, p); got != 2 {
		t.Errorf("after the change the server shows certificate %d", got)
	}

	// A pair that cannot be read is logged, and the one before stays in use.
	if err := os.WriteFile(certFile, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := servedSerial(t, p); got != 2 {
		t.Errorf("after a bad change the server shows certificate %d", got)
	}
	waitForLog(t, p, "the one before stays in use")

	writePair(t, certFile, keyFile, 3)
	for deadline := time.Now().Add(startLimit); servedSerial(t, p) != 3; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("after the repair the server does not show certificate 3")
		}
	}
	if code := p.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, 1)
	p := serve(t, t.TempDir(), "--tls-cert", certFile, "--tls-key", keyFile)
	address := strings.TrimPrefix(p.base, "https://")
	for version, accepted := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if err == nil {
			connection.Close()
		}
		if (err == nil) != accepted {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

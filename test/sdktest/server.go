// Package sdktest serves what Recant serves, on the real engine and over TLS,
// to tests that call it with SDKs which others wrote.
package sdktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/store/pebble"
)

const (
	// SDKAppID is the first application of a server.
	SDKAppID = 1400000001
	// Key signs the UserSigs of every application.
	Key = "2f7d1c6b5a493827160f5e4d3c2b1a09f8e7d6c5b4a3928170615f4e3d2c1b0a"
)

// Serve serves an application for each of the settings, with ascending
// SDKAppIDs, under a host's name. It returns the server's address and the file
// with the certificate that vouches for the host.
func Serve(t *testing.T, host string, applications ...chat.Settings) (address, authority string) {
	t.Helper()
	certificate, authority := selfSigned(t, host)
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
	unlimited := 0
	var served []api.Application
	for i, settings := range applications {
		id := SDKAppID + uint32(i)
		app, err := chat.OpenApp(t.Context(), st, id, chat.Options{Settings: settings, Admins: admins, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(app.Close)
		served = append(served, api.Application{
			SDKAppID: id, Keys: []string{Key}, Admins: admins, CallsPerSecond: &unlimited, Chat: app,
		})
	}
	handler, err := api.NewServer(served, api.Options{Logger: logger, RequestTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true // as recant serve does
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), authority
}

// selfSigned makes a certificate of a host and writes it down as its own
// authority.
func selfSigned(t *testing.T, host string) (certificate tls.Certificate, file string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
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

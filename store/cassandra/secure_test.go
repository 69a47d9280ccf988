package cassandra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/store"
)

// authority signs certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{dir: t.TempDir()}
	a.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.file = a.write(t, name+".pem", pemBlock("CERTIFICATE", der))
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *authority) write(t *testing.T, name string, content ...[]byte) string {
	file := filepath.Join(a.dir, name)
	var all []byte
	for _, c := range content {
		all = append(all, c...)
	}
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// sign returns files with a certificate for the addresses, its key, and both.
func (a *authority) sign(t *testing.T, name string, addresses ...string) (cert, key, both string) {
	k := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	c, p := pemBlock("CERTIFICATE", der), pemBlock("PRIVATE KEY", pkcs8)
	return a.write(t, name+".crt", c), a.write(t, name+".key", p), a.write(t, name+".both", p, c)
}

// A cluster that demands certificates and a password is reached with them, and not
// without.
func TestSecureCluster(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	const address = "127.203.7.1"
	_, _, node := ours.sign(t, "node", address)
	cert, key, _ := ours.sign(t, "client")
	c := cassandratest.StartWith(t, cassandratest.Options{
		Nodes: 1, Addresses: []string{address},
		Secure: cassandratest.Secure{Password: true, Identity: node, Authority: ours.file},
	})
	url := func(login string, parameters ...string) Options {
		t.Helper()
		u := strings.Replace(c.URL("secure", parameters...), "://", "://"+login+"@", 1)
		if login == "" {
			u = c.URL("secure", parameters...)
		}
		o, err := ParseURL(u)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	identity := []string{"tls=true", "tls_ca=" + ours.file, "tls_cert=" + cert, "tls_key=" + key}
	good := url("cassandra:cassandra", identity...)
	end := time.Now().Add(time.Minute) // the role comes a moment after the start
	for {
		_, _, err := Migrate(t.Context(), good, Replication{"datacenter1": 1})
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	s := open(t, good)
	v, err := s.Commit(t.Context(), store.Versioned("p"), "", []store.Mutation{store.Set([]byte("k"), []byte("v"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, now, err := s.Read(t.Context(), store.Versioned("p")); err != nil || now != v {
		t.Errorf("version %x, %v, want %x", now, err, v)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]Options{
		"no password":             url("", identity...),
		"wrong password":          url("cassandra:S3CRET", identity...),
		"no TLS":                  url("cassandra:cassandra"),
		"no client's certificate": url("cassandra:cassandra", identity[:2]...),
		"an unknown authority":    url("cassandra:cassandra", "tls=true", "tls_ca="+theirs.file, "tls_cert="+cert, "tls_key="+key),
		"another name":            url("cassandra:cassandra", append(identity, "tls_servername=other")...),
	} {
		s, err := Open(t.Context(), o)
		if err == nil {
			s.Close()
			t.Errorf("%s: the cluster was opened", name)
			continue
		}
		t.Logf("%s: %v", name, err)
		if strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

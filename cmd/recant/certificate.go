package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// reloadPause is the least time between two attempts to read a changed
// certificate that does not load, as happens between the replacement of one
// file and the other.
const reloadPause = time.Second

// certificate is the server's certificate, read again when its files change.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamps  [2]stamp // of the files that current was read from
	failed  time.Time
}

// stamp tells one content of a file from the next.
type stamp struct {
	modified time.Time
	size     int64
}

// openCertificate reads a certificate and its key, which must fit.
func openCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	stamps, err := c.stat()
	if err == nil {
		err = c.load(stamps)
	}
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	return c, nil
}

// config is how the server speaks TLS.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(time.Now()), nil },
		NextProtos:     []string{"h2", "http/1.1"},
	}
}

// get returns the certificate of the files as they are. Where they cannot be
// read, or do not fit each other, the one before stays in use.
func (c *certificate) get(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps, err := c.stat()
	if err == nil && stamps == c.stamps {
		return c.current
	}
	if now.Before(c.failed.Add(reloadPause)) {
		return c.current
	}
	if err == nil {
		err = c.load(stamps)
	}
	if err != nil {
		c.failed = now
		c.log.Warn("TLS certificate changed but cannot be read, the one before stays in use", "error", err)
		return c.current
	}
	c.log.Info("TLS certificate was read again", "file", c.certFile)
	return c.current
}

func (c *certificate) stat() (stamps [2]stamp, err error) {
	for i, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return stamps, err
		}
		stamps[i] = stamp{modified: info.ModTime(), size: info.Size()}
	}
	return stamps, nil
}

func (c *certificate) load(stamps [2]stamp) error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.stamps, c.failed = &pair, stamps, time.Time{}
	return nil
}

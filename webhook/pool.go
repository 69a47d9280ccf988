package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

const (
	// idleTimeout is below the 5 s after which common servers close a quiet
	// connection: a call that meets the closing would fail.
	idleTimeout     = 4 * time.Second
	maxAnswerHeader = 64 << 10
)

// pool is the places and connections of one class of calls. Each class has its
// own, so that neither starves the other.
type pool struct {
	places chan struct{} // holds one for each call under way
	client *http.Client
}

func newPool(places int, timeout time.Duration, roots *x509.CertPool) *pool {
	return &pool{
		places: make(chan struct{}, places),
		client: &http.Client{
			// A redirect is an answer that is not 200.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				TLSClientConfig:        &tls.Config{RootCAs: roots},
				TLSHandshakeTimeout:    timeout, // the end of the call does not end it
				MaxIdleConns:           places,
				MaxIdleConnsPerHost:    places,
				IdleConnTimeout:        idleTimeout,
				MaxResponseHeaderBytes: maxAnswerHeader,
				DisableCompression:     true,
			},
		},
	}
}

// enter takes a place, waiting for it as long as ctx lasts.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) leave() { <-p.places }

// trusted are the system's certificates and those of a file.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // the system's alone
	}
	more, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificates: %w", err)
	}
	if !roots.AppendCertsFromPEM(more) {
		return nil, errors.New("the file has no certificate in PEM")
	}
	return roots, nil
}

package chat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// Tokens carry what they stand for, so that the server keeps nothing for
// them, and an authenticator made with the application's secret. The secret is
// kept in the store: tokens outlive a restart and hold in every process, and
// none of one application holds in another.

// Uses of tokens; one made for one use is not taken for another.
const (
	sealPlan   = "plan"
	sealExport = "export"
	sealList   = "list"
	sealReplay = "replay"
	sealSearch = "search"
)

const (
	secretBytes = 32
	macBytes    = sha256.Size

	// tokenStart begins every token: what follows may begin with a hyphen, and
	// a command line would take that for an option.
	tokenStart = "t"
)

var errBadToken = errors.New("chat: token was not made here")

// secret is the application's secret, read or made when it is first needed.
type secret struct {
	mu  sync.Mutex
	key []byte
}

func (a *App) secretKey(ctx context.Context) ([]byte, error) {
	a.secret.mu.Lock()
	defer a.secret.mu.Unlock()
	if a.secret.key != nil {
		return a.secret.key, nil
	}
	p := record.SecretPartition(a.id)
	err := retry(ctx, func() error {
		rows, version, err := a.store.Read(ctx, p, store.Key(record.SecretKey))
		if err != nil {
			return err
		}
		if len(rows[0]) > 0 {
			a.secret.key = rows[0][0].Value
			return nil
		}
		key := make([]byte, secretBytes)
		rand.Read(key) // never fails
		_, err = a.store.Commit(ctx, p, version, []store.Mutation{store.Set(record.SecretKey, key)})
		switch {
		case err == nil:
			a.secret.key = key
		case errors.Is(err, store.ErrUnknown):
			return store.ErrConflict // read which it is
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("secret of the application: %w", err)
	}
	return a.secret.key, nil
}

func (a *App) authenticator(ctx context.Context, use string, content []byte) ([]byte, error) {
	key, err := a.secretKey(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use))
	mac.Write([]byte{0})
	mac.Write(content)
	return mac.Sum(nil), nil
}

// seal makes a token of content for one use.
func (a *App) seal(ctx context.Context, use string, content []byte) (string, error) {
	mac, err := a.authenticator(ctx, use, content)
	if err != nil {
		return "", err
	}
	return tokenStart + base64.RawURLEncoding.EncodeToString(append(mac, content...)), nil
}

// open returns what a token of the use carries.
// Errors: errBadToken.
func (a *App) open(ctx context.Context, use, token string) ([]byte, error) {
	text, ours := strings.CutPrefix(token, tokenStart)
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !ours || len(sealed) < macBytes || strings.ContainsAny(text, "\r\n") { // the decoder skips those
		return nil, errBadToken
	}
	mac, err := a.authenticator(ctx, use, sealed[macBytes:])
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, sealed[:macBytes]) {
		return nil, errBadToken
	}
	return sealed[macBytes:], nil
}

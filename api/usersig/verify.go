// Package usersig makes and checks UserSigs, the credential of REST callers
// and chat clients: a zlib-compressed JSON document signed with the
// application's key by HMAC-SHA256 (spec 01 section 4, doc 34385).
package usersig

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What Verify finds wrong, in the order of its steps (spec 01 section 4.6).
var (
	ErrMalformed        = errors.New("UserSig cannot be decoded")
	ErrOtherApplication = errors.New("UserSig was made for another SDKAppID")
	ErrOtherIdentifier  = errors.New("UserSig was made for another identifier")
	ErrExpired          = errors.New("UserSig has expired")
	ErrWrongKey         = errors.New("UserSig does not verify with the application's key")
)

const (
	// MaxLength bounds an encoded UserSig, in characters.
	MaxLength = 4096
	// maxInflated bounds the document, in bytes, so that a small UserSig
	// cannot make much work.
	maxInflated = 8192
)

// Document is what a UserSig says. The version is not part of it: it is not
// signed.
type Document struct {
	Identifier string
	SDKAppID   uint64
	Time       int64 // of signing, Unix seconds
	Expire     int64 // life span in seconds from Time
	HasUserBuf bool
	UserBuf    []byte // opaque; signed when HasUserBuf
	Sig        []byte
}

// End is the last second at which the document is valid; a life span that
// overflows never ends.
func (d Document) End() int64 {
	if d.Expire > 0 && d.Time > math.MaxInt64-d.Expire {
		return math.MaxInt64
	}
	if d.Expire < 0 && d.Time < math.MinInt64-d.Expire {
		return math.MinInt64
	}
	return d.Time + d.Expire
}

// mac is the signature that the document has under key. The order of the lines
// differs from the order of the JSON (spec 01 section 4.2).
func (d Document) mac(key string) []byte {
	text := make([]byte, 0, 256)
	text = append(append(append(text, "TLS.identifier:"...), d.Identifier...), '\n')
	text = append(strconv.AppendUint(append(text, "TLS.sdkappid:"...), d.SDKAppID, 10), '\n')
	text = append(strconv.AppendInt(append(text, "TLS.time:"...), d.Time, 10), '\n')
	text = append(strconv.AppendInt(append(text, "TLS.expire:"...), d.Expire, 10), '\n')
	if d.HasUserBuf {
		text = append(text, "TLS.userbuf:"...)
		text = append(base64.StdEncoding.AppendEncode(text, d.UserBuf), '\n')
	}
	h := hmac.New(sha256.New, []byte(key))
	h.Write(text)
	return h.Sum(nil)
}

// Verifier checks UserSigs. The zero value works; it may be used concurrently
// and must not be copied. It holds nothing but inflating buffers to use again.
type Verifier struct {
	inflaters sync.Pool
}

// Verify checks a UserSig against the SDKAppID and identifier of the URL, the
// time, and the application's keys, any of which may have signed it. Errors:
// ErrMalformed, ErrOtherApplication, ErrOtherIdentifier, ErrExpired,
// ErrWrongKey, of which the first that applies is returned.
func (v *Verifier) Verify(sig string, sdkAppID uint32, identifier string, keys []string, now time.Time) (Document, error) {
	doc, err := v.Parse(sig)
	if err != nil {
		return Document{}, err
	}
	switch {
	case doc.SDKAppID != uint64(sdkAppID):
		return Document{}, ErrOtherApplication
	case doc.Identifier != identifier:
		return Document{}, ErrOtherIdentifier
	case now.Unix() > doc.End():
		return Document{}, ErrExpired
	}
	for _, key := range keys {
		if hmac.Equal(doc.mac(key), doc.Sig) {
			return doc, nil
		}
	}
	return Document{}, ErrWrongKey
}

// Parse decodes a UserSig without verifying it. It returns ErrMalformed where
// that is impossible.
func (v *Verifier) Parse(sig string) (Document, error) {
	if len(sig) > MaxLength {
		return Document{}, ErrMalformed
	}
	compressed, err := decodeBase64(strings.NewReplacer("_", "=", "-", "/", "*", "+").Replace(sig))
	if err != nil {
		return Document{}, ErrMalformed
	}
	text, err := v.inflate(compressed)
	if err != nil {
		return Document{}, ErrMalformed
	}
	return parseDocument(text)
}

// decodeBase64 accepts the standard alphabet with and without padding. Line
// ends, which encoding/base64 would skip, are not part of the alphabet.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, ErrMalformed
	}
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
}

func (v *Verifier) inflate(compressed []byte) ([]byte, error) {
	source := bytes.NewReader(compressed)
	r, _ := v.inflaters.Get().(io.ReadCloser)
	if r == nil {
		var err error
		if r, err = zlib.NewReader(source); err != nil {
			return nil, err
		}
	} else if err := r.(zlib.Resetter).Reset(source, nil); err != nil {
		v.inflaters.Put(r)
		return nil, err
	}
	defer v.inflaters.Put(r)
	text, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxInflated {
		return nil, ErrMalformed
	}
	return text, nil
}

func parseDocument(text []byte) (Document, error) {
	var raw struct {
		Identifier *string        `json:"TLS.identifier"`
		SDKAppID   jsontext.Value `json:"TLS.sdkappid"`
		Time       jsontext.Value `json:"TLS.time"`
		Expire     jsontext.Value `json:"TLS.expire"`
		UserBuf    *string        `json:"TLS.userbuf"`
		Sig        *string        `json:"TLS.sig"`
	}
	if err := json.Unmarshal(text, &raw, jsontext.AllowDuplicateNames(true)); err != nil {
		return Document{}, ErrMalformed
	}
	if raw.Identifier == nil || raw.Sig == nil {
		return Document{}, ErrMalformed
	}
	doc := Document{Identifier: *raw.Identifier, HasUserBuf: raw.UserBuf != nil}
	var errs [5]error
	doc.SDKAppID, errs[0] = strconv.ParseUint(integerText(raw.SDKAppID), 10, 64)
	doc.Time, errs[1] = strconv.ParseInt(integerText(raw.Time), 10, 64)
	doc.Expire, errs[2] = strconv.ParseInt(integerText(raw.Expire), 10, 64)
	doc.Sig, errs[3] = decodeBase64(*raw.Sig)
	if doc.HasUserBuf {
		doc.UserBuf, errs[4] = decodeBase64(*raw.UserBuf)
	}
	if errors.Join(errs[:]...) != nil {
		return Document{}, ErrMalformed
	}
	return doc, nil
}

// integerText is the decimal text of an integer that is a JSON number or, as
// weakly typed generators send it, a string of digits. It is no number for
// anything else.
func integerText(raw jsontext.Value) string {
	text := string(raw)
	if raw.Kind() == jsontext.KindString {
		unquoted, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			return ""
		}
		text = string(unquoted)
	}
	if strings.HasPrefix(text, "+") {
		return ""
	}
	return text
}

package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Sign is the signature of a call that is made at requestTime, in seconds since
// 1970: SHA-256 of the token and the time in lower-case hex (docs 34354, 34520).
// It says nothing about the call's body.
func Sign(token string, requestTime int64) string {
	sum := sha256.Sum256(strconv.AppendInt([]byte(token), requestTime, 10))
	return hex.EncodeToString(sum[:])
}

package usersig

import (
	"fmt"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// Sign makes a UserSig that is valid from now for the life span, which counts
// in whole seconds.
func Sign(sdkAppID uint32, key, identifier string, lifeSpan time.Duration) (string, error) {
	sig, err := tencentyun.GenUserSig(int(sdkAppID), key, identifier, int(lifeSpan/time.Second))
	if err != nil {
		return "", fmt.Errorf("sign UserSig: %w", err)
	}
	return sig, nil
}

// SignWithUserBuf is Sign with an opaque byte string in the signed document.
func SignWithUserBuf(sdkAppID uint32, key, identifier string, lifeSpan time.Duration, userBuf []byte) (string, error) {
	sig, err := tencentyun.GenUserSigWithBuf(int(sdkAppID), key, identifier, int(lifeSpan/time.Second), userBuf)
	if err != nil {
		return "", fmt.Errorf("sign UserSig: %w", err)
	}
	return sig, nil
}

package webhook

import (
	"testing"
	"time"
)

// The documented vector and another (spec 06 section 4).
func TestSignatures(t *testing.T) {
	for _, c := range []struct {
		token string
		time  int64
		want  string
	}{
		{"xxxxyyyy", 1669872112, "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"},
		{"s3cr3t-token", 1760000000, "a981750083c4a801a9c72f546680578f6b8d2352315563de97f8296a52fcc003"},
	} {
		if got := Sign(c.token, c.time); got != c.want {
			t.Errorf("%s at %d: got %s, want %s", c.token, c.time, got, c.want)
		}
	}
}

// Backends refuse a time more than a minute off, so that a call that is made
// again later has a time and a signature of its own and all else as it was.
func TestEveryAttemptIsSignedAnew(t *testing.T) {
	backend := newTaker(t, nil)
	now := time.Unix(1669872112, 999_999_999)
	s := testSettings(backend.URL)
	s.Token = "xxxxyyyy"
	r := mustNew(t, s, Options{Clock: func() time.Time { return now }})
	for range 2 {
		if err := tell(r); err != nil {
			t.Fatal(err)
		}
		now = now.Add(90 * time.Second)
	}
	came := backend.arrivals()
	first, second := came[0].URL.Query(), came[1].URL.Query()
	if first.Get("RequestTime") != "1669872112" || first.Get("Sign") != "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061" {
		t.Errorf("first: %v", first)
	}
	if second.Get("RequestTime") != "1669872202" || second.Get("Sign") != Sign("xxxxyyyy", 1669872202) {
		t.Errorf("second: %v", second)
	}
	if first.Get("RequestID") != second.Get("RequestID") || came[0].body != came[1].body {
		t.Error("the second attempt is another call")
	}
}

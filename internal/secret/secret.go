// Package secret has the type of values that must not be seen.
package secret

// Text is a value that must not be seen: every way of printing it shows
// asterisks.
type Text string

const hidden = "******"

// String hides the secret from fmt and slog.
func (Text) String() string { return hidden }

// GoString hides the secret from %#v.
func (Text) GoString() string { return hidden }

// MarshalText hides the secret from encoders, slog's JSON among them.
func (Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Reveal returns the secret itself.
func (t Text) Reveal() string { return string(t) }

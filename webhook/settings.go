package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/recant-chat/recant/internal/secret"
)

// Settings are what the operator chooses for the calls to one application's
// backend. DefaultSettings gives Recant's own, HostedSettings those of the
// hosted service. Every field is one key of the configuration file, as in
// chat.Settings.
type Settings struct {
	URL      string        `yaml:"url" desc:"where the application's backend takes calls, http:// or https://; empty calls nobody"`
	Commands []string      `yaml:"commands" desc:"commands that are called, such as Group.CallbackAfterSendMsg; those about topics are called with their twins about groups"`
	Token    secret.Text   `yaml:"token" desc:"token that signs calls, 1 to 128 characters; empty leaves them unsigned"`
	Timeout  time.Duration `yaml:"timeout" desc:"how long one call may take, from looking up the name to the end of the answer"`

	BeforeFailurePolicy     string   `yaml:"before_failure_policy" desc:"what becomes of an event when the call before it fails: allow or deny"`
	BeforeFailureExceptions []string `yaml:"before_failure_exceptions" desc:"commands called before an event for which the other policy holds"`

	AfterRetries Retries       `yaml:"after_retries" desc:"how often a call after an event that timed out or did not get through is tried again, after 1 s, 2 s, 4 s and so on; -1 tries again after every failure, as long as the event is kept"`
	Keep         time.Duration `yaml:"keep" desc:"how long an event is kept that the backend has not taken"`

	MaxConcurrentBefore int `yaml:"max_concurrent_before" desc:"calls before an event under way at once; one that has waited a quarter of timeout for its turn has failed"`
	MaxConcurrentAfter  int `yaml:"max_concurrent_after" desc:"calls after an event under way at once; others wait"`

	CAFile string `yaml:"ca_file" desc:"file of certificates (PEM) that are trusted beside the system's"`
}

// Policies for a call before an event that failed.
const (
	PolicyAllow = "allow"
	PolicyDeny  = "deny"
)

// Retries is how often a call after an event is tried again.
type Retries int

// UntilDropped tries again as long as the event is kept.
const UntilDropped Retries = -1

// UnmarshalText reads a whole number from -1.
func (r *Retries) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < int64(UntilDropped) {
		return errors.New("a whole number from -1 to 2147483647")
	}
	*r = Retries(n)
	return nil
}

// DefaultSettings are Recant's own: events wait until the backend has taken
// them.
func DefaultSettings() Settings {
	return Settings{
		Timeout:             2 * time.Second, // doc 34354
		BeforeFailurePolicy: PolicyAllow,
		AfterRetries:        UntilDropped,
		Keep:                72 * time.Hour,
		MaxConcurrentBefore: 256,
		MaxConcurrentAfter:  64,
	}
}

// HostedSettings are the defaults of the hosted service wherever ours differ
// (profile "hosted").
func HostedSettings() Settings {
	s := DefaultSettings()
	s.AfterRetries = 0
	return s
}

// maxTokenCharacters is the bound of the token (spec 06 section 2).
const maxTokenCharacters = 128

// Validate reports the first setting that cannot be. It shows neither the URL
// nor the token.
func (s Settings) Validate() error {
	if s.URL != "" {
		if _, err := parseURL(s.URL); err != nil {
			return fmt.Errorf("url: %w", err)
		}
	}
	for _, command := range s.Commands {
		if !known(command) {
			return fmt.Errorf("commands: %q is not a webhook", command)
		}
	}
	if err := checkToken(s.Token.Reveal()); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	if s.BeforeFailurePolicy != PolicyAllow && s.BeforeFailurePolicy != PolicyDeny {
		return fmt.Errorf("before_failure_policy: %q is not allow or deny", s.BeforeFailurePolicy)
	}
	for _, command := range s.BeforeFailureExceptions {
		if !before(command) {
			return fmt.Errorf("before_failure_exceptions: %q is not a webhook that is called before an event", command)
		}
	}
	switch {
	case s.Timeout <= 0:
		return errors.New("timeout: must be above 0")
	case s.AfterRetries < UntilDropped:
		return errors.New("after_retries: must be -1 or more")
	case s.Keep <= 0:
		return errors.New("keep: must be above 0")
	case s.MaxConcurrentBefore < 1:
		return errors.New("max_concurrent_before: must be 1 or more")
	case s.MaxConcurrentAfter < 1:
		return errors.New("max_concurrent_after: must be 1 or more")
	}
	return nil
}

// Patience is how long a call before an event waits for its turn. Such a call
// takes Patience and Timeout at most.
func (s Settings) Patience() time.Duration { return s.Timeout / 4 }

// enabled is the set of commands that are called.
func (s Settings) enabled() map[string]bool {
	enabled := map[string]bool{}
	for _, command := range s.Commands {
		enabled[command] = true
		if twin := topicTwins[command]; twin != "" {
			enabled[twin] = true
		}
	}
	return enabled
}

func checkToken(token string) error {
	switch {
	case !utf8.ValidString(token):
		return errors.New("is not UTF-8")
	case utf8.RuneCountInString(token) > maxTokenCharacters:
		return fmt.Errorf("has more than %d characters", maxTokenCharacters)
	case strings.TrimSpace(token) != token || strings.ContainsFunc(token, unicode.IsControl):
		return errors.New("begins or ends with white space, or has control characters")
	}
	return nil
}

// parseURL reads the backend's URL by the rules of doc 34520, with one
// freedom: it may have a query of its own.
func parseURL(text string) (*url.URL, error) {
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == '!' || c == '$' }) {
		return nil, errors.New("has a blank, !, $ or a character beyond ASCII, which have to be percent-encoded")
	}
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
		return nil, errors.New("does not begin with http:// or https://")
	}
	if strings.Contains(text, "#") {
		return nil, errors.New("has a fragment (#), which no server gets to see")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a URL") // the parser's error quotes it
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errors.New("has a port that is not 1 to 65535")
		}
	}
	return u, checkHost(u.Hostname())
}

// checkHost accepts an IP address and a name by the rules of doc 34520.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	labels := strings.Split(strings.ToLower(host), ".")
	if len(host) > 253 || slices.ContainsFunc(labels, func(l string) bool { return !isLabel(l) }) {
		return errors.New("has a host that is neither an IP address nor a name of labels of 1 to 63 letters, digits and single hyphens between them")
	}
	return nil
}

func isLabel(label string) bool {
	return len(label) >= 1 && len(label) <= 63 &&
		strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(label, "-") && !strings.HasSuffix(label, "-") && !strings.Contains(label, "--")
}

package apitest

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
)

// varying are the fields that no two servers make alike, where the server makes
// them: ids, tokens, hashes, and the random numbers of notices.
var varying = []string{
	"OperationId", "PlanToken", "PreviewId", "EntryId", "Next", "Hash", "ChainHash", "StoredHeader", "MsgRandom",
}

// shortest is how long a text is at least that a server makes up: shorter ones
// would be found in other texts.
const shortest = 7

// Teller tells the story of the examples to a server, an exchange after the
// other. Where the server makes a text that no other would make, such as the id
// of an operation, it is what later requests have in the place of the recorded
// one.
type Teller struct {
	server *Server
	made   map[string]string // by the recorded texts
}

// NewTeller returns a Teller for a server that nothing was told yet.
func NewTeller(server *Server) *Teller {
	return &Teller{server: server, made: map[string]string{}}
}

// Here is a text of an exchange with what this server has made in it.
func (t *Teller) Here(recorded jsontext.Value) string {
	text := string(recorded)
	for was, is := range t.made {
		text = strings.ReplaceAll(text, was, is)
	}
	return text
}

// There is what Here was made of: an answer of this server as it is recorded.
func (t *Teller) There(answer []byte) jsontext.Value {
	text := string(answer)
	for was, is := range t.made {
		text = strings.ReplaceAll(text, is, was)
	}
	return jsontext.Value(text)
}

// Tell makes a call of the story, a second after the one before, with a body
// that is made of the exchange's request by Here (see Server.Call). It must
// succeed.
func (t *Teller) Tell(tb testing.TB, e api.Exchange, body any) Answer {
	tb.Helper()
	t.server.Clock.Advance(time.Second)
	answer := t.server.Call(tb, e.Service, e.Command, body).MustOK(tb)
	t.Heard(tb, e, answer)
	return answer
}

// Heard notes what the server has made in an answer.
func (t *Teller) Heard(tb testing.TB, e api.Exchange, answer Answer) {
	tb.Helper()
	var recorded, got any
	if err := json.Unmarshal(e.Response, &recorded); err != nil {
		tb.Fatalf("%s: recorded answer: %v", e.Title, err)
	}
	answer.Decode(tb, &got)
	t.compare("", recorded, got)
}

func (t *Teller) compare(name string, recorded, got any) {
	switch recorded := recorded.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name, value := range recorded {
			t.compare(name, value, object[name])
		}
	case []any:
		array, _ := got.([]any)
		for i, value := range recorded {
			if i < len(array) {
				t.compare("", value, array[i])
			}
		}
	default:
		was, is := literal(recorded), literal(got)
		if slices.Contains(varying, name) && len(was) >= shortest && is != "" {
			t.made[was] = is
		}
	}
}

// literal is a text or a number as it stands in JSON, without quotes.
func literal(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

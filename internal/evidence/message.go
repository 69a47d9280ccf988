package evidence

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// Message is a line of messages.jsonl: one element of the Messages of
// export_recall_evidence.
type Message struct {
	GroupID      string
	TopicID      string
	From         string
	Seq          uint32
	Time         int64 // Unix seconds
	Arrival      int64 // Unix seconds
	Random       uint32
	Priority     uint32
	Body         jsontext.Value
	CustomData   string
	Erased       int
	StoredHeader []byte
	StoredBody   []byte // empty where the message is erased
	Hash         Hash
}

// field is one member of a message's object.
type field struct {
	name     string
	optional bool
	into     any
}

func (m *Message) fields(hash *string) []field {
	return []field{
		{"GroupId", false, &m.GroupID}, {"TopicId", true, &m.TopicID}, {"From_Account", false, &m.From},
		{"MsgSeq", false, &m.Seq}, {"MsgTimeStamp", false, &m.Time}, {"ArrivalTime", false, &m.Arrival},
		{"MsgRandom", false, &m.Random}, {"MsgPriority", false, &m.Priority}, {"MsgBody", false, &m.Body},
		{"CloudCustomData", true, &m.CustomData}, {"Erased", true, &m.Erased},
		{"StoredHeader", false, &m.StoredHeader}, {"StoredBody", false, &m.StoredBody}, {"Hash", false, hash},
	}
}

// ParseMessage reads a line. A member that this release does not know is
// passed over; one that is there twice would let two readers see two messages,
// and is an error.
func ParseMessage(line []byte) (*Message, error) {
	values, err := members(line)
	if err != nil {
		return nil, err
	}
	m, hash := &Message{}, ""
	for _, f := range m.fields(&hash) {
		value, given := values[f.name]
		switch {
		case !given && f.optional:
			continue
		case !given:
			return nil, fmt.Errorf("%s is missing", f.name)
		case value.Kind() == 'n':
			return nil, fmt.Errorf("%s is null", f.name)
		}
		if err := json.Unmarshal(value, f.into, lenient); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	decoded, err := hex.DecodeString(hash)
	if err != nil || len(decoded) != len(m.Hash) || hex.EncodeToString(decoded) != hash {
		return nil, fmt.Errorf("Hash %q is not 64 hexadecimal digits", hash)
	}
	m.Hash = Hash(decoded)
	return m, nil
}

// members splits an object.
func members(text []byte) (map[string]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text), lenient)
	if start, err := d.ReadToken(); err != nil || start.Kind() != '{' {
		return nil, errors.Join(errors.New("not a JSON object"), err)
	}
	values := map[string]jsontext.Value{}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		values[name] = value.Clone()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return values, nil
}

// differences says in which fields the message is not what its stored records
// say.
func (m *Message) differences() []string {
	var found []string
	differ := func(name string, shown, stored any) {
		if shown != stored {
			found = append(found, fmt.Sprintf("%s is %s, the stored record says %s", name, quoted(shown), quoted(stored)))
		}
	}
	h := &record.Header{}
	if err := proto.Unmarshal(m.StoredHeader, h); err != nil {
		return []string{"StoredHeader is not a record: " + err.Error()}
	}
	arrival := h.Received
	if arrival == 0 {
		arrival = h.Time
	}
	differ("From_Account", m.From, h.Sender)
	differ("MsgTimeStamp", m.Time, h.Time)
	differ("ArrivalTime", m.Arrival, arrival)
	differ("MsgRandom", m.Random, h.Random)
	differ("MsgPriority", m.Priority, h.Priority)

	erased := 0
	if len(m.StoredBody) == 0 {
		erased = 1
	}
	differ("Erased", m.Erased, erased)
	if erased == 1 {
		differ("MsgBody", string(m.Body), "[]")
		differ("CloudCustomData", m.CustomData, "")
		return found
	}
	b := &record.Body{}
	if err := proto.Unmarshal(m.StoredBody, b); err != nil {
		return append(found, "StoredBody is not a record: "+err.Error())
	}
	differ("MsgBody", string(m.Body), string(bytes.TrimSpace(oneLine(b.MsgBody))))
	differ("CloudCustomData", m.CustomData, b.CloudCustomData)
	return found
}

// quoted shows a value of a message, which may be long and may hold anything.
func quoted(value any) string {
	text, isText := value.(string)
	if !isText {
		return fmt.Sprint(value)
	}
	const most = 80
	if len(text) > most {
		text = text[:most] + "..."
	}
	return fmt.Sprintf("%q", text)
}

// oneLine returns JSON without line breaks. Inside of strings JSON has none;
// between tokens they mean what a space means.
func oneLine(text []byte) []byte {
	if !bytes.ContainsAny(text, "\r\n") {
		return text
	}
	text = bytes.Clone(text)
	for i, c := range text {
		if c == '\n' || c == '\r' {
			text[i] = ' '
		}
	}
	return text
}

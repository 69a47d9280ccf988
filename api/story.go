package api

import (
	_ "embed"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Exchange is an example of a command: a request and the answer to it.
type Exchange struct {
	Title    string         `json:"title"` // a few words, unlike those of the command's other exchanges
	Service  string         `json:"service"`
	Command  string         `json:"command"`
	Request  jsontext.Value `json:"request"`
	Response jsontext.Value `json:"response"`
}

//go:embed story.json
var story []byte

// Story returns examples of every command, in an order in which a new server
// takes them one after the other, and answers as recorded.
func Story() []Exchange {
	var exchanges []Exchange
	if err := json.Unmarshal(story, &exchanges); err != nil {
		panic("api: the story cannot be read: " + err.Error())
	}
	return exchanges
}

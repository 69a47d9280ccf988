package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/client"
)

// maxListPage is the greatest Limit of list_recall_operations.
const maxListPage = 100

// auditTypes are the kinds of entries of the audit record.
func auditTypes() []string {
	return []string{"preview", "recall", "restore", "erase", "hold", "export"}
}

// recallList is `recant recall list`.
type recallList struct {
	Group    string   `placeholder:"id" help:"Only what is about a group."`
	Topic    string   `placeholder:"id" help:"Only what is about a topic of it."`
	Sender   string   `placeholder:"name" help:"Only what is about an account's messages."`
	Operator string   `placeholder:"name" help:"Only what an admin did."`
	From     instant  `placeholder:"time" help:"Only since a time: RFC 3339 or so long ago (2h, 3d)."`
	To       instant  `placeholder:"time" help:"Only up to a time."`
	Type     []string `placeholder:"kind" help:"Kinds of entries: preview, recall, restore, erase, hold, export, or all (default recall)."`
	Limit    int      `default:"20" placeholder:"n" help:"At most so many (default 20); 0 is all."`
	Next     string   `placeholder:"token" help:"Go on where an earlier list ended, with its Next."`
	serverFlags
}

// Validate checks the kinds.
func (c *recallList) Validate() error {
	if c.Limit < 0 {
		return errors.New("--limit should be 0 or more")
	}
	for _, kind := range c.Type {
		if kind != "all" && !slices.Contains(auditTypes(), kind) {
			return fmt.Errorf("--type %q is not one of preview, recall, restore, erase, hold, export and all", kind)
		}
	}
	return nil
}

// Run lists.
func (c *recallList) Run(ctx context.Context, s streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	request := &client.ListRecallOperationsRequest{
		GroupID: given(c.Group), TopicID: given(c.Topic), SenderAccount: given(c.Sender), OperatorAccount: given(c.Operator),
		FromTime: given(c.From.unix), ToTime: given(c.To.unix), Types: c.Type, Next: given(c.Next),
	}
	if slices.Contains(c.Type, "all") {
		request.Types = auditTypes()
	}
	var found []client.AuditItem
	whole := listed{Operations: []jsontext.Value{}}
	for left := c.Limit; ; {
		request.Limit = new(maxListPage)
		if c.Limit > 0 {
			request.Limit = new(min(left, maxListPage))
		}
		page, err := server.ListRecallOperations(ctx, request)
		if err != nil {
			return c.answer(s, nil, err)
		}
		found = append(found, page.Operations...)
		if err := whole.add(server.answer); err != nil {
			return err
		}
		request.Next, left = &page.Next, left-len(page.Operations)
		if page.Next == "" || c.Limit > 0 && left == 0 {
			break
		}
	}
	if c.JSON {
		text, err := json.Marshal(whole, jsontext.AllowDuplicateNames(true))
		return c.answer(s, text, err)
	}
	printList(s.out, found)
	if whole.Next != "" {
		fmt.Fprintf(s.out, "\nThere are more: --limit 0 lists all, --next %s goes on here.\n", whole.Next)
	}
	return nil
}

// listed is what list prints for programs: pages of the server as one, with
// their entries as they came.
type listed struct {
	Operations []jsontext.Value `json:"Operations"`
	Next       string           `json:"Next"`
}

// add adds a page.
func (l *listed) add(answer jsontext.Value) error {
	page := listed{}
	if err := json.Unmarshal(answer, &page, jsontext.AllowDuplicateNames(true)); err != nil {
		return fmt.Errorf("list_recall_operations: %w", err)
	}
	l.Operations, l.Next = append(l.Operations, page.Operations...), page.Next
	return nil
}

// recallShow is `recant recall show`.
type recallShow struct {
	Operation string `arg:"" help:"OperationId of the recall."`
	serverFlags
}

// Run shows an operation.
func (c *recallShow) Run(ctx context.Context, s streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	operation, err := server.operation(ctx, c.Operation)
	if err := c.answer(s, server.answer, err); err != nil {
		return err
	}
	if !c.JSON {
		printOperation(s.out, operation)
	}
	return nil
}

// operation reads an operation.
func (c *caller) operation(ctx context.Context, id string) (*client.GetRecallOperationResponse, error) {
	return c.GetRecallOperation(ctx, &client.GetRecallOperationRequest{OperationID: id})
}

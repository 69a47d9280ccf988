package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
	server, err := c.open(recallService)
	if err != nil {
		return err
	}
	request := listRequest{
		GroupID: c.Group, TopicID: c.Topic, Sender: c.Sender, Operator: c.Operator,
		FromTime: c.From.unix, ToTime: c.To.unix, Types: c.Type, Next: c.Next,
	}
	if slices.Contains(c.Type, "all") {
		request.Types = auditTypes()
	}
	found := []jsontext.Value{}
	for left := c.Limit; ; {
		request.Limit = maxListPage
		if c.Limit > 0 {
			request.Limit = min(left, maxListPage)
		}
		page := listAnswer{}
		raw, err := server.call(ctx, "list_recall_operations", repeatable, request, &page)
		if err != nil {
			return c.answer(s, raw, err)
		}
		found = append(found, page.Operations...)
		request.Next, left = page.Next, left-len(page.Operations)
		if page.Next == "" || c.Limit > 0 && left == 0 {
			break
		}
	}
	if c.JSON {
		whole, err := json.Marshal(listAnswer{found, request.Next}, jsontext.AllowDuplicateNames(true))
		return c.answer(s, whole, err)
	}
	entries := make([]auditEntry, len(found))
	for i, text := range found {
		if err := json.Unmarshal(text, &entries[i]); err != nil {
			return err
		}
	}
	printList(s.out, entries)
	if request.Next != "" {
		fmt.Fprintf(s.out, "\nThere are more: --limit 0 lists all, --next %s goes on here.\n", request.Next)
	}
	return nil
}

// recallShow is `recant recall show`.
type recallShow struct {
	Operation string `arg:"" help:"OperationId of the recall."`
	serverFlags
}

// Run shows an operation.
func (c *recallShow) Run(ctx context.Context, s streams) error {
	server, err := c.open(recallService)
	if err != nil {
		return err
	}
	operation := operationAnswer{}
	raw, err := server.operation(ctx, c.Operation, &operation)
	if err := c.answer(s, raw, err); err != nil {
		return err
	}
	if !c.JSON {
		printOperation(s.out, &operation)
	}
	return nil
}

// operation reads an operation.
func (c *caller) operation(ctx context.Context, id string, answer any) ([]byte, error) {
	return c.call(ctx, "get_recall_operation", repeatable, operationRequest{id}, answer)
}

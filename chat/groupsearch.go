package chat

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/recant-chat/recant/store/record"
)

const (
	maxSearchPage       = 100
	maxSearchQueryBytes = 100
	// maxSearchScan is how many entries of the directory one page looks at; one
	// that finds few matches among them ends early, with a Next.
	maxSearchScan = 1000
	searchRead    = 250 // entries of a type that are read at once
)

// GroupSearch asks for groups, the newest first.
type GroupSearch struct {
	Query string // part of the id or of the name in any letter case, up to 100 bytes; "" finds all
	Type  string // "" for all types
	Limit int    // 1 to 100
	Next  string // "" for the first page
}

// FoundGroups is a page of groups.
type FoundGroups struct {
	Groups     []FoundGroup
	ScannedNum int    // entries of the directory that the page looked at
	Next       string // "" on the last page
}

// FoundGroup is a group with its own stream's newest ordinary message, recalled or
// not; nil where there is none.
type FoundGroup struct {
	GroupInfo
	Newest *TimelineRow
}

// SearchGroups returns a page of the groups that match, the newest first, on the
// first page after the group whose id the query is. The heads of the groups are
// looked at one by one, so a page may end early, also empty, with a Next to go on
// with: after 1,000 entries, at half of the call's time, or where an answer
// would exceed 1 MiB. A group that exists all the while is found once.
//
// Errors: CodeInvalid.
func (a *App) SearchGroups(ctx context.Context, q GroupSearch) (*FoundGroups, error) {
	types, from, err := a.searchOf(ctx, q)
	if err != nil {
		return nil, err
	}
	page := &groupSearch{app: a, query: strings.ToLower(q.Query), id: q.Query, room: maxPageBytes}
	if q.Next == "" && q.Query != "" {
		if _, err := page.add(ctx, q.Query, types); err != nil {
			return nil, err
		}
	}
	begun, halfTime := time.Now(), time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		halfTime = time.Until(deadline) / 2
	}
	walk := a.directory.walk(types, from, true, searchRead)
	for len(page.found.Groups) < q.Limit && page.found.ScannedNum < maxSearchScan && time.Since(begun) < halfTime {
		e, more, err := walk.next(ctx)
		if err != nil || !more {
			return &page.found, err
		}
		fits, err := page.look(ctx, e)
		if err != nil {
			return nil, err
		}
		if !fits {
			break
		}
		from = record.DirectoryKey(e.number, e.group)
	}
	page.found.Next, err = a.seal(ctx, sealSearch, from)
	return &page.found, err
}

// searchOf checks a search and returns the types in which and the key of the
// directory below which it goes on.
// Errors: CodeInvalid.
func (a *App) searchOf(ctx context.Context, q GroupSearch) ([]GroupType, []byte, error) {
	if q.Limit < 1 || q.Limit > maxSearchPage {
		return nil, nil, Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", q.Limit, maxSearchPage)
	}
	if len(q.Query) > maxSearchQueryBytes {
		return nil, nil, Refuse(CodeInvalid, "Query has %d bytes, at most %d", len(q.Query), maxSearchQueryBytes)
	}
	types, err := typesNamed(q.Type)
	if err != nil || q.Next == "" {
		return types, nil, err
	}
	from, err := a.open(ctx, sealSearch, q.Next)
	if errors.Is(err, errBadToken) {
		err = Refuse(CodeInvalid, "Next was not given by search_groups")
	}
	if len(from) == 0 {
		from = nil // the group of that id alone filled the first page
	}
	return types, from, err
}

// groupSearch is a page in the making.
type groupSearch struct {
	app   *App
	query string // in lower case
	id    string // as it was given: that group is on the first page
	found FoundGroups
	room  int // bytes that are left of the answer
}

// look adds the group of an entry of the directory if it matches, and reports
// whether there was room for it.
func (p *groupSearch) look(ctx context.Context, e directoryEntry) (fits bool, err error) {
	p.found.ScannedNum++
	if p.id != "" && e.group == p.id {
		return true, nil
	}
	g, err := p.app.directory.group(ctx, e)
	if err != nil || g == nil || !p.matches(g) {
		return err == nil, err
	}
	return p.add(ctx, e.group, GroupTypes[:])
}

func (p *groupSearch) matches(g *groupState) bool {
	return strings.Contains(strings.ToLower(g.id), p.query) || strings.Contains(strings.ToLower(g.head.Name), p.query)
}

// add adds a group if it exists, is of one of the types and its application has
// not switched them off. It reports whether there was room for it.
func (p *groupSearch) add(ctx context.Context, groupID string, types []GroupType) (fits bool, err error) {
	var found *FoundGroup
	err = p.app.view(ctx, groupID, func(g *groupState) error {
		found = nil
		if g.requireServed() != nil || !slices.Contains(types, g.groupType()) {
			return nil
		}
		info, err := g.info(ctx)
		if err != nil {
			return err
		}
		found = &FoundGroup{GroupInfo: *info}
		if g.rules().stored {
			found.Newest, err = g.stream().newestRow(ctx)
		}
		return g.stream().gone(err)
	})
	if code := CodeOf(err); code != 0 && code != CodeInternal {
		return true, nil // there is no such group, or no more
	}
	if err != nil || found == nil {
		return err == nil, err
	}
	p.room -= found.bytes()
	if fits = p.room >= 0 || len(p.found.Groups) == 0; fits {
		p.found.Groups = append(p.found.Groups, *found)
	}
	return fits, nil
}

// bytes bounds what the group takes of an answer.
func (f *FoundGroup) bytes() int {
	n := 6*(len(f.Name)+len(f.FaceURL)) + rowFrameBytes
	if f.Newest != nil {
		n += f.Newest.bytes()
	}
	return n
}

package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/recant-chat/recant/store/record"
)

const (
	maxCounters        = 20
	maxCounterKeyBytes = 128
)

// Counter is one of a group's counters.
type Counter struct {
	Key   string // 1 to 128 bytes
	Value int64
}

// Counters returns the counters of the keys that exist, in the order of keys,
// or with no keys all of them in the order of their names (doc 53427).
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted.
func (a *App) Counters(ctx context.Context, groupID string, keys []string) ([]Counter, error) {
	if err := checkCounterKeys(keys); err != nil {
		return nil, err
	}
	var found []Counter
	err := a.view(ctx, groupID, func(g *groupState) error {
		stored, err := g.counters(ctx)
		if err != nil {
			return err
		}
		found = countersOf(stored, keys)
		return nil
	})
	return found, err
}

// UpdateCounters changes counters, all or none, one after the other, and
// returns them in the order in which they were first named (doc 53428). A
// counter that is increased or decreased begins at 0. mode is Set (also ""),
// Increase or Decrease.
// Errors: CodeInvalid, also for a result beyond 64 bits; CodeBadGroupID,
// CodeGroupNotFound, CodeNotPermitted, CodeTooManyCounters.
func (a *App) UpdateCounters(ctx context.Context, op Operator, groupID, mode string, changes []Counter) ([]Counter, error) {
	keys, err := checkCounterChanges(mode, changes)
	if err != nil {
		return nil, err
	}
	var changed []Counter
	err = a.changeCounters(ctx, groupID, func(stored *record.Counters) error {
		for i, change := range changes {
			at, there := findCounter(stored, change.Key)
			if !there {
				stored.Counters = slices.Insert(stored.Counters, at, &record.Counter{Key: change.Key})
			}
			counter, ok := stored.Counters[at], true
			if counter.Value, ok = counted(mode, counter.Value, change.Value); !ok {
				return Refuse(CodeInvalid, "GroupCounter[%d]: the value of %q would not fit into 64 bits", i, change.Key)
			}
		}
		if n := len(stored.Counters); n > maxCounters {
			return Refuse(CodeTooManyCounters, "GroupCounter: the group would have %d counters, at most %d", n, maxCounters)
		}
		changed = countersOf(stored, keys)
		return nil
	})
	return changed, err
}

// DeleteCounters removes the counters of the keys that exist, or with no keys
// all of them (doc 53429).
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted.
func (a *App) DeleteCounters(ctx context.Context, op Operator, groupID string, keys []string) error {
	if err := checkCounterKeys(keys); err != nil {
		return err
	}
	return a.changeCounters(ctx, groupID, func(stored *record.Counters) error {
		stored.Counters = slices.DeleteFunc(stored.Counters, func(c *record.Counter) bool {
			return len(keys) == 0 || slices.Contains(keys, c.Key)
		})
		return nil
	})
}

func (a *App) changeCounters(ctx context.Context, groupID string, change func(*record.Counters) error) error {
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		stored, err := g.counters(ctx)
		if err != nil {
			return err
		}
		if err := change(stored); err != nil {
			return err
		}
		g.set(record.CountersKey(g.head.Incarnation), stored)
		return nil
	})
}

func checkCounterKeys(keys []string) error {
	for i, key := range keys {
		if n := len(key); n == 0 || n > maxCounterKeyBytes {
			return Refuse(CodeInvalid, "GroupCounterKeys[%d] has %d bytes, must have 1 to %d", i, n, maxCounterKeyBytes)
		}
	}
	return nil
}

// checkCounterChanges checks the form of changes and returns their keys, each
// once.
func checkCounterChanges(mode string, changes []Counter) ([]string, error) {
	switch mode {
	case "", "Set", "Increase", "Decrease":
	default:
		return nil, Refuse(CodeInvalid, "Mode %q is not Set, Increase or Decrease", mode)
	}
	var keys []string
	named := map[string]bool{}
	for i, change := range changes {
		if n := len(change.Key); n == 0 || n > maxCounterKeyBytes {
			return nil, Refuse(CodeInvalid, "GroupCounter[%d].Key has %d bytes, must have 1 to %d", i, n, maxCounterKeyBytes)
		}
		if !named[change.Key] {
			named[change.Key] = true
			keys = append(keys, change.Key)
		}
	}
	// More keys than a group may have are 10063, whatever it has.
	if n := len(changes); n == 0 || n > maxCounters && len(keys) <= maxCounters {
		return nil, Refuse(CodeInvalid, "GroupCounter has %d items, must have 1 to %d", n, maxCounters)
	}
	return keys, nil
}

// counted is a counter's next value; false where it has none in 64 bits.
func counted(mode string, before, by int64) (int64, bool) {
	switch mode {
	case "Increase":
		return before + by, (by < 0) == (before+by < before)
	case "Decrease":
		return before - by, (by > 0) == (before-by < before)
	}
	return by, true
}

// countersOf returns the counters of the keys that exist, each once, or of all
// keys for none.
func countersOf(stored *record.Counters, keys []string) []Counter {
	var found []Counter
	if len(keys) == 0 {
		for _, c := range stored.Counters {
			found = append(found, Counter{c.Key, c.Value})
		}
	}
	named := map[string]bool{}
	for _, key := range keys {
		if at, there := findCounter(stored, key); there && !named[key] {
			named[key] = true
			found = append(found, Counter{key, stored.Counters[at].Value})
		}
	}
	return found
}

// findCounter returns where a counter stands or would stand.
func findCounter(stored *record.Counters, key string) (at int, there bool) {
	return slices.BinarySearchFunc(stored.Counters, key, func(c *record.Counter, key string) int { return strings.Compare(c.Key, key) })
}

// counters returns the group's counters, empty where there are none. A Community
// never has any.
// Errors: CodeNotPermitted.
func (g *groupState) counters(ctx context.Context) (*record.Counters, error) {
	if g.groupType() == Community {
		return nil, Refuse(CodeNotPermitted, "a Community has no counters")
	}
	stored := &record.Counters{}
	return stored, g.readRow(ctx, record.CountersKey(g.head.Incarnation), stored)
}

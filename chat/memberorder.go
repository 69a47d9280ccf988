package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// The members of a group are indexed by the order of their records in blocks, of which
// each is a row. In a group that many enter and leave again, rows of single members
// would be deleted ones for the most part, and every list would be read over them.

// orderedMembers are the members of a block of the index.
func orderedMembers(row store.Row) ([]orderedMember, error) {
	block, first := &record.MemberBlock{}, record.OrderOf(row.Key)*record.MemberBlockSize
	if err := decode(row, block); err != nil {
		return nil, err
	}
	if len(block.Places) != len(block.Accounts) {
		return nil, fmt.Errorf("index of members at key %q has %d places of %d accounts", row.Key, len(block.Places), len(block.Accounts))
	}
	members := make([]orderedMember, len(block.Accounts))
	for i, account := range block.Accounts {
		members[i] = orderedMember{first + uint64(block.Places[i]), account}
	}
	return members, nil
}

// memberRange selects the blocks of the index from an order on.
func memberRange(incarnation, from uint64) store.Range {
	r := store.Prefix(record.MemberBlockPrefix(incarnation))
	r.From = record.MemberBlockKey(incarnation, from/record.MemberBlockSize)
	return r
}

// eachMember calls visit for every member in order. Members that come or go meanwhile
// may be met or not.
func (g *groupState) eachMember(ctx context.Context, visit func(orderedMember) error) error {
	return g.app.scan(ctx, g.app.groupPartition(g.id), memberRange(g.head.Incarnation, 0), func(row store.Row) error {
		members, err := orderedMembers(row)
		for _, m := range members {
			if err == nil {
				err = visit(m)
			}
		}
		return err
	})
}

// membersInOrder returns all members at the state's version.
func (g *groupState) membersInOrder(ctx context.Context) (all []orderedMember, err error) {
	rows, err := g.read(ctx, memberRange(g.head.Incarnation, 0))
	if err != nil {
		return nil, err
	}
	for _, row := range rows[0] {
		members, err := orderedMembers(row)
		if err != nil {
			return nil, err
		}
		all = append(all, members...)
	}
	return all, nil
}

func accountsInOrder(members []orderedMember) []string {
	accounts := make([]string, len(members))
	for i, m := range members {
		accounts[i] = m.account
	}
	return accounts
}

// hasOrder reports whether a member has an order.
func (g *groupState) hasOrder(ctx context.Context, order uint64) (bool, error) {
	block := record.MemberBlockKey(g.head.Incarnation, order/record.MemberBlockSize)
	rows, err := g.read(ctx, store.Key(block))
	if err != nil || len(rows[0]) == 0 {
		return false, err
	}
	members, err := orderedMembers(rows[0][0])
	return slices.ContainsFunc(members, func(m orderedMember) bool { return m.order == order }), err
}

// order notes that the index is to have an account at an order, or with "" none.
func (g *groupChange) order(order uint64, account string) {
	if g.orders == nil {
		g.orders = map[uint64]string{}
	}
	g.orders[order] = account
}

// stageOrders stages the blocks of the index that change.
func (g *groupChange) stageOrders(ctx context.Context) error {
	blocks := map[uint64]map[uint64]string{}
	for order, account := range g.orders {
		number := order / record.MemberBlockSize
		if blocks[number] == nil {
			blocks[number] = map[uint64]string{}
		}
		blocks[number][order] = account
	}
	numbers := slices.Sorted(maps.Keys(blocks))
	ranges := make([]store.Range, len(numbers))
	for i, number := range numbers {
		ranges[i] = store.Key(record.MemberBlockKey(g.head.Incarnation, number))
	}
	if len(ranges) == 0 {
		return nil
	}
	rows, err := g.read(ctx, ranges...)
	if err != nil {
		return err
	}
	for i, number := range numbers {
		changed := blocks[number]
		for _, row := range rows[i] {
			members, err := orderedMembers(row)
			if err != nil {
				return err
			}
			for _, m := range members {
				if _, known := changed[m.order]; !known {
					changed[m.order] = m.account
				}
			}
		}
		block := &record.MemberBlock{}
		for _, order := range slices.Sorted(maps.Keys(changed)) {
			if account := changed[order]; account != "" {
				block.Places = append(block.Places, byte(order%record.MemberBlockSize))
				block.Accounts = append(block.Accounts, account)
			}
		}
		if key := record.MemberBlockKey(g.head.Incarnation, number); len(block.Accounts) == 0 {
			g.delete(key)
		} else {
			g.set(key, block)
		}
	}
	return nil
}

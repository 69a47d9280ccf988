package chat

import (
	"context"
	"slices"
	"strconv"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	maxPermissionGroupPage        = 20 // ids of one call, and permission groups of one page
	maxPermissionGroupNameBytes   = 150
	maxPermissionGroupCustomBytes = 3000
)

// NewPermissionGroup is a permission group of a community that is to be created
// (doc 61232).
type NewPermissionGroup struct {
	GroupID    string
	ID         string // "" has it generated
	Name       string // required
	Permission int64  // bits in the community, any
	Custom     string
}

// PermissionGroupChanges are the changes of one permission group (doc 61234);
// nil is not given.
type PermissionGroupChanges struct {
	GroupID, ID string
	Name        *string
	Permission  *int64
	Custom      *string
}

// PermissionGroupInfo is a permission group, or its id and Err alone.
type PermissionGroupInfo struct {
	Err        error // CodeNoPermissionGroup
	ID         string
	Name       string
	Custom     string
	Permission int64
	CreateTime int64 // Unix seconds
	MemberNum  uint32
}

// CreatePermissionGroup makes a permission group and returns its id.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted (no
// community), CodeCommunityOff, CodeGroupIDInUse, CodeUserGroupQuota,
// CodeTextRefused.
func (a *App) CreatePermissionGroup(ctx context.Context, r NewPermissionGroup) (id string, err error) {
	if err := checkPermissionGroupTexts(&r.Name, &r.Custom); err != nil {
		return "", err
	}
	if r.ID != "" {
		if err := checkNewPermissionGroupID(r.ID); err != nil {
			return "", err
		}
	}
	err = a.changePermissions(ctx, r.GroupID, func(g *groupChange) (err error) {
		if id, err = g.freePermissionGroupID(ctx, r.ID); err != nil {
			return err
		}
		if most := a.settings.MaxPermissionGroups; len(g.head.PermissionGroups) >= most {
			return Refuse(CodeUserGroupQuota, "community %q has its %d permission groups already", g.id, most)
		}
		if err := a.checkWords("PermissionGroupName", r.Name); err != nil {
			return err
		}
		g.addPermissionGroup(&record.PermissionGroup{
			Id: id, Name: r.Name, Permission: r.Permission, Custom: r.Custom, CreateTime: a.now(),
		})
		return nil
	})
	return id, err
}

// ModifyPermissionGroup changes any part of a permission group, all or nothing.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeCommunityOff, CodeNoPermissionGroup, CodeTextRefused.
func (a *App) ModifyPermissionGroup(ctx context.Context, r PermissionGroupChanges) error {
	if err := checkPermissionGroupTexts(r.Name, r.Custom); err != nil {
		return err
	}
	return a.changePermissionGroup(ctx, r.GroupID, r.ID, func(g *groupChange, p permissionGroup) error {
		if r.Name != nil {
			if err := a.checkWords("PermissionGroupName", *r.Name); err != nil {
				return err
			}
			p.Name = *r.Name
		}
		if r.Permission != nil {
			p.Permission = *r.Permission
		}
		if r.Custom != nil {
			p.Custom = *r.Custom
		}
		g.setPermissionGroup(p)
		return nil
	})
}

// DestroyPermissionGroups ends up to 20 permission groups, with what they grant
// and to whom, and returns nil or CodeNoPermissionGroup per id, in order. Their
// members stay in the community. An id that is given twice is destroyed once
// and then not found.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeCommunityOff.
func (a *App) DestroyPermissionGroups(ctx context.Context, groupID string, ids []string) ([]error, error) {
	if err := checkListLength("PermissionGroupIdList", len(ids), maxPermissionGroupPage); err != nil {
		return nil, err
	}
	var results []error
	err := a.changePermissions(ctx, groupID, func(g *groupChange) error {
		results = make([]error, len(ids))
		groups, err := g.permissionGroups(ctx, ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			p, lives := groups[id]
			if !lives {
				results[i] = errNoPermissionGroup()
				continue
			}
			delete(groups, id)
			if err := g.removePermissionGroup(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
	return results, err
}

// PermissionGroups reads up to 20 permission groups, each once and in order
// (doc 61235).
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeCommunityOff.
func (a *App) PermissionGroups(ctx context.Context, groupID string, ids []string) ([]PermissionGroupInfo, error) {
	if err := checkListLength("PermissionGroupIdList", len(ids), maxPermissionGroupPage); err != nil {
		return nil, err
	}
	var infos []PermissionGroupInfo
	err := a.viewPermissions(ctx, groupID, func(g *groupState) error {
		infos = nil
		groups, err := g.permissionGroups(ctx, ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			p, lives := groups[id]
			switch {
			case slices.Contains(ids[:i], id):
			case lives:
				infos = append(infos, g.permissionGroupInfo(p))
			default:
				infos = append(infos, PermissionGroupInfo{ID: id, Err: errNoPermissionGroup()})
			}
		}
		return nil
	})
	return infos, err
}

// ListPermissionGroups returns a page of 1 to 20 permission groups (limit 0 is
// 20) in the order of their creation, and the next for the page after it, ""
// at the end. The first page's next is "".
// Errors: as PermissionGroups.
func (a *App) ListPermissionGroups(ctx context.Context, groupID string, limit int64, next string) (infos []PermissionGroupInfo, after string, err error) {
	size, err := pageSize(limit, maxPermissionGroupPage)
	if err != nil {
		return nil, "", err
	}
	err = a.viewPermissions(ctx, groupID, func(g *groupState) error {
		infos, after = nil, ""
		window := store.Prefix(record.PermissionGroupPrefix(g.head.Incarnation))
		if next != "" {
			from, err := parseNext(next, g.head.PermissionGroupsCreated+1)
			if err != nil {
				return err
			}
			window.From = record.PermissionGroupKey(g.head.Incarnation, from)
		}
		window.Limit = size + 1
		rows, err := g.read(ctx, window)
		if err != nil {
			return err
		}
		for _, row := range rows[0] {
			p := permissionGroup{record.OrderOf(row.Key), &record.PermissionGroup{}}
			if err := decode(row, p.PermissionGroup); err != nil {
				return err
			}
			if len(infos) == size {
				after = strconv.FormatUint(p.number, 10)
				break
			}
			infos = append(infos, g.permissionGroupInfo(p))
		}
		return nil
	})
	return infos, after, err
}

// permissionGroup is a permission group with its number.
type permissionGroup struct {
	number uint64
	*record.PermissionGroup
}

func (g *groupState) permissionGroupInfo(p permissionGroup) PermissionGroupInfo {
	return PermissionGroupInfo{
		ID: p.Id, Name: p.Name, Custom: p.Custom, Permission: p.Permission, CreateTime: p.CreateTime,
		MemberNum: g.head.PermissionGroups[p.number],
	}
}

func errNoPermissionGroup() error {
	return Refuse(CodeNoPermissionGroup, "permission group does not exist or was destroyed")
}

// viewPermissions is view for communities that have permission groups.
// Errors: CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted, CodeCommunityOff
// and those of look.
func (a *App) viewPermissions(ctx context.Context, groupID string, look func(*groupState) error) error {
	return a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requirePermissions(); err != nil {
			return err
		}
		return look(g)
	})
}

// changePermissions is changeGroup for communities that have permission groups.
// Errors: as viewPermissions.
func (a *App) changePermissions(ctx context.Context, groupID string, change func(*groupChange) error) error {
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if err := g.requirePermissions(); err != nil {
			return err
		}
		return change(g)
	})
}

// changePermissionGroup is changePermissions with one permission group.
// Errors: as changePermissions, CodeInvalid, CodeNoPermissionGroup.
func (a *App) changePermissionGroup(ctx context.Context, groupID, id string, change func(*groupChange, permissionGroup) error) error {
	if err := checkPermissionGroupID(id); err != nil {
		return err
	}
	return a.changePermissions(ctx, groupID, func(g *groupChange) error {
		p, err := g.requirePermissionGroup(ctx, id)
		if err != nil {
			return err
		}
		return change(g, p)
	})
}

// requirePermissions checks that the group is one that has permission groups.
// Errors: CodeNotPermitted, CodeCommunityOff.
func (g *groupState) requirePermissions() error {
	if g.groupType() != Community {
		return Refuse(CodeNotPermitted, "a %s group has no permission groups", g.groupType())
	}
	return g.requireTopics()
}

// requirePermissionGroup returns a permission group.
// Errors: CodeNoPermissionGroup.
func (g *groupState) requirePermissionGroup(ctx context.Context, id string) (permissionGroup, error) {
	groups, err := g.permissionGroups(ctx, []string{id})
	if err != nil {
		return permissionGroup{}, err
	}
	p, lives := groups[id]
	if !lives {
		return permissionGroup{}, errNoPermissionGroup()
	}
	return p, nil
}

// permissionGroups returns those of the permission groups that exist; ids of
// any form may be asked for.
func (g *groupState) permissionGroups(ctx context.Context, ids []string) (map[string]permissionGroup, error) {
	ranges := make([]store.Range, len(ids))
	for i, id := range ids {
		ranges[i] = store.Key(record.PermissionGroupIDKey(g.head.Incarnation, id))
	}
	rows, err := g.read(ctx, ranges...)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, found := range rows {
		if len(found) > 0 {
			numbers = append(numbers, record.OrderOf(found[0].Value))
		}
	}
	records, err := g.permissionGroupsNumbered(ctx, numbers)
	if err != nil {
		return nil, err
	}
	groups := map[string]permissionGroup{}
	for number, p := range records {
		groups[p.Id] = permissionGroup{number, p}
	}
	return groups, nil
}

// permissionGroupsNumbered returns those of the permission groups that exist,
// by their numbers.
func (g *groupState) permissionGroupsNumbered(ctx context.Context, numbers []uint64) (map[uint64]*record.PermissionGroup, error) {
	return readRecords[record.PermissionGroup](ctx, g, numbers, func(number uint64) []byte {
		return record.PermissionGroupKey(g.head.Incarnation, number)
	})
}

// hasPermissionGroup reports whether there is a permission group of a number.
func (g *groupState) hasPermissionGroup(number uint64) bool {
	_, lives := g.head.PermissionGroups[number]
	return lives
}

// freePermissionGroupID returns the id for a new permission group, generated
// where none is asked for.
// Errors: CodeGroupIDInUse.
func (g *groupState) freePermissionGroupID(ctx context.Context, asked string) (string, error) {
	for {
		id := asked
		if id == "" {
			id = generatePermissionGroupID()
		}
		taken, err := g.permissionGroups(ctx, []string{id})
		switch {
		case err != nil:
			return "", err
		case len(taken) == 0:
			return id, nil
		case asked != "":
			return "", Refuse(CodeGroupIDInUse, "permission group %q exists already", id)
		}
	}
}

// addPermissionGroup stages a new permission group.
func (g *groupChange) addPermissionGroup(p *record.PermissionGroup) {
	g.head.PermissionGroupsCreated++
	number := g.head.PermissionGroupsCreated
	if g.head.PermissionGroups == nil {
		g.head.PermissionGroups = map[uint64]uint32{}
	}
	g.head.PermissionGroups[number] = 0
	g.setPermissionGroup(permissionGroup{number, p})
	g.mutations = append(g.mutations, store.Set(record.PermissionGroupIDKey(g.head.Incarnation, p.Id),
		record.PermissionGroupKey(g.head.Incarnation, number)))
}

func (g *groupChange) setPermissionGroup(p permissionGroup) {
	g.set(record.PermissionGroupKey(g.head.Incarnation, p.number), p.PermissionGroup)
}

// removePermissionGroup stages the end of a permission group. Its members'
// records go on naming it until they are next written, which is void, and the
// index of its members is removed in the background.
func (g *groupChange) removePermissionGroup(ctx context.Context, p permissionGroup) error {
	delete(g.head.PermissionGroups, p.number)
	g.delete(record.PermissionGroupKey(g.head.Incarnation, p.number))
	g.delete(record.PermissionGroupIDKey(g.head.Incarnation, p.Id))
	return g.condemnPermissionMembers(ctx, record.CleanupPermissionGroupKey(g.id, g.head.Incarnation, p.number),
		&record.Cleanup{PermissionGroups: []uint64{p.number}})
}

// checkPermissionGroupID checks that a permission group is named. An id that
// none can have is one of a permission group that does not exist.
// Errors: CodeInvalid.
func checkPermissionGroupID(id string) error {
	if id == "" {
		return Refuse(CodeInvalid, "PermissionGroupId is missing")
	}
	return nil
}

// checkPermissionGroupTexts checks the lengths of the texts that are given
// (spec 05 section 2.1).
// Errors: CodeInvalid.
func checkPermissionGroupTexts(name, custom *string) error {
	switch {
	case name != nil && *name == "":
		return Refuse(CodeInvalid, "PermissionGroupName is empty")
	case name != nil && len(*name) > maxPermissionGroupNameBytes:
		return Refuse(CodeInvalid, "PermissionGroupName has %d bytes, at most %d", len(*name), maxPermissionGroupNameBytes)
	case custom != nil && len(*custom) > maxPermissionGroupCustomBytes:
		return Refuse(CodeInvalid, "CustomString has %d bytes, at most %d", len(*custom), maxPermissionGroupCustomBytes)
	}
	return nil
}

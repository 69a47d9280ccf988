package api_test

import (
	"context"
	"errors"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// brokenStore fails every verb.
type brokenStore struct{ store.Store }

var errBroken = errors.New("the disk is gone")

func (brokenStore) Read(context.Context, store.Partition, ...store.Range) ([][]store.Row, store.Version, error) {
	return nil, "", errBroken
}

func (brokenStore) Commit(context.Context, store.Partition, store.Version, []store.Mutation) (store.Version, error) {
	return "", errBroken
}

func (brokenStore) Put(context.Context, store.Partition, []store.Mutation) error { return errBroken }

func TestFailuresOfTheStoreAreInternalErrorsOfTheService(t *testing.T) {
	st := testengine.Open(t)
	a := newApp(t, func(o *apitest.Options) { o.Store = brokenStore{st} })
	for command, body := range map[string]string{
		"account_import":      `{"UserID":"ann"}`,
		"multiaccount_import": `{"Accounts":["ann"]}`,
		"account_check":       `{"CheckItem":[{"UserID":"ann"}]}`,
		"account_delete":      `{"DeleteItem":[{"UserID":"ann"}]}`,
	} {
		a.login(command, "%s", body).WantCode(t, 70500)
	}
	for command, body := range map[string]string{
		"create_group":           `{"Type":"Public","Name":"n"}`,
		"import_group":           `{"Type":"Public","Name":"n"}`,
		"get_group_info":         `{"GroupIdList":["g"]}`,
		"modify_group_base_info": `{"GroupId":"g","Name":"n"}`,
		"change_group_owner":     `{"GroupId":"g","NewOwner_Account":"ann"}`,
		"destroy_group":          `{"GroupId":"g"}`,
		"get_appid_group_list":   `{}`,
		"get_joined_group_list":  `{"Member_Account":"administrator"}`,

		"send_group_msg":             `{"GroupId":"g","Random":1,"MsgBody":` + text("x") + `}`,
		"import_group_msg":           `{"GroupId":"g","MsgList":[` + item("ann", 1, "") + `]}`,
		"group_msg_get_simple":       `{"GroupId":"g","ReqMsgNumber":1}`,
		"group_msg_recall":           `{"GroupId":"g",` + seqList(1) + `}`,
		"delete_group_msg_by_sender": `{"GroupId":"g","Sender_Account":"ann"}`,
	} {
		a.group(command, "%s", body).WantCode(t, 10002)
	}
}

func TestListOfAllGroupsOncePerSecondInTheHostedProfile(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings = chat.HostedSettings() })
	a.group("get_appid_group_list", `{}`).MustOK(t)
	a.group("get_appid_group_list", `{}`).WantCode(t, 60007)
	a.Clock.Advance(minute)
	a.group("get_appid_group_list", `{}`).MustOK(t)
}

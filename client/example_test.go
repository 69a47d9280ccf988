package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/client"
)

// A moderator takes back what a spammer posted, and looks at what is left.
func Example() {
	address, stop := startServer()
	defer stop()
	ctx := context.Background()
	c, err := client.New(client.Config{BaseURL: address, SDKAppID: apitest.SDKAppID, Key: apitest.Key})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseIdleConnections()

	err = c.DeleteGroupMsgBySender(ctx, &client.DeleteGroupMsgBySenderRequest{
		GroupID: "harbour", SenderAccount: "mallory",
	})
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range c.History(ctx, &client.GroupMsgGetSimpleRequest{GroupID: "harbour"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.MsgSeq, row.FromAccount, row.MsgBody.Text())
	}
	// Output:
	// 4 otto see you there
	// 1 ines the ferry is late
}

func ExampleClient_SendGroupMsg() {
	c, stop := exampleClient()
	defer stop()
	answer, err := c.SendGroupMsg(context.Background(), &client.SendGroupMsgRequest{
		GroupID: "harbour", FromAccount: new("ines"), MsgPriority: new("High"),
		MsgBody: client.MessageBody{
			client.Text("the ferry has left"),
			client.Custom(client.CustomContent{Data: `{"ferry":7}`}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("message", answer.MsgSeq)
	// Output: message 5
}

// A recall is shown before it is done, done within limits, and undone.
func ExampleClient_RecallBySender() {
	c, stop := exampleClient()
	defer stop()
	ctx := context.Background()
	preview, err := c.PreviewRecall(ctx, &client.PreviewRecallRequest{
		Targets: []client.RecallTarget{{GroupID: "harbour", SenderAccount: "mallory"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("would recall", preview.Results[0].MatchedNum)
	done, err := c.RecallBySender(ctx, &client.RecallBySenderRequest{
		PlanToken: &preview.PlanToken, Reason: new("spam"), Guard: &client.RecallGuard{MaxMsgNum: new(int64(100))},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("recalled", done.Results[0].RecalledNum)
	undone, err := c.RestoreRecall(ctx, &client.RestoreRecallRequest{OperationID: done.OperationID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("restored", undone.Results[0].RestoredNum)
	// Output:
	// would recall 2
	// recalled 2
	// restored 2
}

func ExampleClient_Members() {
	c, stop := exampleClient()
	defer stop()
	for m, err := range c.Members(context.Background(), &client.GetGroupMemberInfoRequest{GroupID: "harbour"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.MemberAccount, m.Role)
	}
	// Output:
	// ines Owner
	// mallory Member
	// otto Member
}

func ExampleError() {
	c, stop := exampleClient()
	defer stop()
	err := c.DestroyGroup(context.Background(), &client.DestroyGroupRequest{GroupID: "nowhere"})
	var refused *client.Error
	switch {
	case errors.Is(err, client.CodeGroupNotFound):
		fmt.Println("no such group")
	case errors.As(err, &refused):
		fmt.Println(refused.Code.Meaning())
	}
	// Output: no such group
}

// A program without the key asks another one for the UserSig.
func ExampleConfig_userSig() {
	address, stop := startServer()
	defer stop()
	c, err := client.New(client.Config{
		BaseURL: address, SDKAppID: apitest.SDKAppID, Identifier: apitest.Admin,
		UserSig: func(context.Context) (string, error) { return askForUserSig() },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseIdleConnections()
	answer, err := c.GetGroupInfo(context.Background(), &client.GetGroupInfoRequest{GroupIDList: []string{"harbour"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.GroupInfo[0].Name, answer.GroupInfo[0].MemberNum)
	// Output: Harbour 3
}

// Commands of the hosted service that have no method are called by their names.
func ExampleClient_Call() {
	c, stop := exampleClient()
	defer stop()
	command := client.Command{Service: "openim", Name: "sendmsg"}
	request := map[string]any{"To_Account": "ines", "MsgBody": client.MessageBody{client.Text("hello")}}
	var answer struct{ MsgKey string }
	fmt.Println(client.CodeOf(c.Call(context.Background(), command, request, &answer)) == client.CodeUnknownCommand)
	// Output: true
}

func askForUserSig() (string, error) {
	return usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, time.Hour)
}

// exampleClient is a client of a server with a group, harbour.
func exampleClient() (*client.Client, func()) {
	address, stop := startServer()
	c, err := client.New(client.Config{BaseURL: address, SDKAppID: apitest.SDKAppID, Key: apitest.Key})
	if err != nil {
		log.Fatal(err)
	}
	return c, func() { c.CloseIdleConnections(); stop() }
}

// startServer starts a server with a group, harbour.
func startServer() (address string, stop func()) {
	t := &exampleTest{}
	srv := apitest.New(t, apitest.DefaultOptions())
	srv.Call(t, "im_open_login_svc", "multiaccount_import", `{"Accounts":["ines","mallory","otto"]}`).MustOK(t)
	srv.Call(t, "group_open_http_svc", "create_group", `{"Type":"Public","Name":"Harbour","GroupId":"harbour","Owner_Account":"ines",
		"MemberList":[{"Member_Account":"mallory"},{"Member_Account":"otto"}]}`).MustOK(t)
	for i, m := range [][2]string{{"ines", "the ferry is late"}, {"mallory", "buy now"}, {"mallory", "buy now!"}, {"otto", "see you there"}} {
		srv.Call(t, "group_open_http_svc", "send_group_msg", map[string]any{
			"GroupId": "harbour", "From_Account": m[0], "Random": i, "MsgBody": client.MessageBody{client.Text(m[1])},
		}).MustOK(t)
	}
	return srv.URL, t.end
}

// exampleTest lets an example start a server, which needs a test.
type exampleTest struct {
	testing.TB
	cleanups []func()
}

func (t *exampleTest) Helper()                      {}
func (t *exampleTest) Fatal(args ...any)            { log.Fatal(args...) }
func (t *exampleTest) Fatalf(f string, args ...any) { log.Fatalf(f, args...) }
func (t *exampleTest) Errorf(f string, args ...any) { log.Fatalf(f, args...) }
func (t *exampleTest) Cleanup(cleanup func())       { t.cleanups = append(t.cleanups, cleanup) }

func (t *exampleTest) end() {
	for _, cleanup := range t.cleanups {
		cleanup()
	}
}

// Package client calls a Recant server, or the hosted service whose protocol it
// speaks, from Go programs.
//
//	c, err := client.New(client.Config{
//		BaseURL:  "https://chat.example.net",
//		SDKAppID: 1400000001,
//		Key:      os.Getenv("CHAT_KEY"),
//	})
//
// A [Client] is made once and used by everybody; it signs and renews the UserSig
// of the admin account that it calls as.
//
// # Commands
//
// Every command of the protocol is a method, with a type for what it takes and one
// for what it answers. The command delete_group_msg_by_sender is
// [Client.DeleteGroupMsgBySender]; fields have the names of the protocol,
// as Go writes them: Sender_Account is SenderAccount, GroupId is GroupID.
//
//	err := c.DeleteGroupMsgBySender(ctx, &client.DeleteGroupMsgBySenderRequest{
//		GroupID: "harbour", SenderAccount: "mallory",
//	})
//
// What a request must have is a plain field. What it may have is a pointer, a list
// or a struct, and left out where it is nil: new(1) and new("text") make one. An
// answer's fields are plain, and have their zero value where the server left them out. All times
// are Unix seconds where nothing else is said, all lengths bytes.
//
// [Client.Call] calls commands that have no method: those of the hosted service that
// Recant does not serve.
//
// # Messages
//
// A message is a list of elements: [Text], [Custom], [Image] and so on make them, [Raw]
// any other. Those that are read are decoded with [Element.Decode].
//
// # Pages
//
// What comes in pages has an iterator: [Client.History], [Client.Groups], [Client.Members],
// [Client.Operations] and others.
//
//	for row, err := range c.History(ctx, &client.GroupMsgGetSimpleRequest{GroupID: "harbour"}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(row.MsgSeq, row.FromAccount, row.MsgBody.Text())
//	}
//
// # Errors
//
// A call that the server refused is an [*Error] with the [Code] and its meaning:
//
//	if errors.Is(err, client.CodeGroupNotFound) { ... }
//
// One without an answer is a [*LostError], which tells whether it may have been carried
// out. What failed is repeated for a few seconds where that can do no harm; [Retry] says when.
//
// # The hosted service
//
// BaseURL is the address of the application's region, such as
// https://console.tim.qq.com. The services recall_http_svc, moderation_http_svc and webhook_http_svc
// are Recant's own, and so are the codes from 190000 on.
package client

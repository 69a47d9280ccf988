package api

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// webhookCommands are Recant's own commands around the calls to the
// application's backend.
func webhookCommands() []Command {
	const service = "webhook_http_svc"
	common := codes(chat.CodeInternal, chat.CodeInvalid)
	return []Command{
		command(service, "watch_webhook", watchWebhook,
			summary("Returns the webhooks that are made, or would be made if their command were switched on, while they are watched."), common),
		command(service, "replay_webhook", replayWebhook,
			summary("Sends webhooks about past events of a group or of an account's profile again."), common,
			codes(chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeNoReceiver, chat.CodeReplayFailed)),
		command(service, "get_webhook_status", getWebhookStatus,
			summary("Says how the delivery of webhooks stands."), codes(chat.CodeInternal)),
	}
}

type watchWebhookRequest struct {
	After       *uint64 `json:"After"`
	WaitSeconds *int    `json:"WaitSeconds" range:"0..2"`
}

type watchWebhookResponse struct {
	Webhooks []watchedWebhook `json:"Webhooks"`
	Next     uint64           `json:"Next"`
}

type watchedWebhook struct {
	Number    uint64         `json:"Num"`
	Time      int64          `json:"Time"` // Unix milliseconds
	Command   string         `json:"CallbackCommand"`
	Outcome   string         `json:"Outcome"`
	RequestID string         `json:"RequestID"`
	ClientIP  string         `json:"ClientIP,omitzero"`
	Platform  string         `json:"OptPlatform,omitzero"`
	Body      jsontext.Value `json:"Body"`
}

func watchWebhook(ctx context.Context, call *Call, r *watchWebhookRequest) (*watchWebhookResponse, error) {
	wait := time.Duration(value(r.WaitSeconds)) * time.Second
	seen, next := call.App.Chat.WatchCallbacks(ctx.Done(), value(r.After), wait)
	answer := &watchWebhookResponse{Webhooks: []watchedWebhook{}, Next: next}
	for _, w := range seen {
		answer.Webhooks = append(answer.Webhooks, watchedWebhook{
			Number: w.Number, Time: w.Time.UnixMilli(), Command: w.Callback.Command, Outcome: w.Outcome,
			RequestID: w.Callback.RequestID, ClientIP: w.Callback.ClientIP, Platform: w.Callback.Platform,
			Body: jsontext.Value(w.Callback.Body),
		})
	}
	return answer, nil
}

type replayWebhookRequest struct {
	GroupID  *string  `json:"GroupId"`
	UserID   *string  `json:"UserID"`
	FromTime *int64   `json:"FromTime"`
	ToTime   *int64   `json:"ToTime"`
	Commands []string `json:"Commands"`
	Next     *string  `json:"Next"`
}

type replayWebhookResponse struct {
	Sent int    `json:"SentNum"`
	Next string `json:"Next"`
}

func replayWebhook(ctx context.Context, call *Call, r *replayWebhookRequest) (*replayWebhookResponse, error) {
	switch {
	case r.GroupID == nil && value(r.UserID) == "":
		return nil, missing("GroupId")
	case r.GroupID != nil && value(r.UserID) != "":
		return nil, chat.Refuse(chat.CodeInvalid, "GroupId and UserID cannot be used together")
	case r.FromTime == nil:
		return nil, missing("FromTime")
	case r.ToTime == nil:
		return nil, missing("ToTime")
	}
	done, err := call.App.Chat.Replay(ctx, chat.Replay{
		GroupID: value(r.GroupID), Account: value(r.UserID), From: *r.FromTime, To: *r.ToTime, Commands: r.Commands, Next: value(r.Next),
	})
	if err != nil {
		return nil, err
	}
	return &replayWebhookResponse{Sent: done.Sent, Next: done.Next}, nil
}

type getWebhookStatusResponse struct {
	LaneNum       int    `json:"LaneNum"`
	OldestSeconds int64  `json:"OldestSeconds"`
	ToldNum       uint64 `json:"ToldNum"`
	GivenUpNum    uint64 `json:"GivenUpNum"`
}

func getWebhookStatus(_ context.Context, call *Call, _ *struct{}) (*getWebhookStatusResponse, error) {
	d := call.App.Chat.Deliveries()
	return &getWebhookStatusResponse{
		LaneNum: d.Lanes, OldestSeconds: int64(d.Oldest / time.Second), ToldNum: d.Told, GivenUpNum: d.GivenUp,
	}, nil
}

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
			repeatable(), summary("Returns the webhooks that are made, or would be made if their command were switched on, while they are watched."), common),
		command(service, "replay_webhook", replayWebhook,
			repeatable(), summary("Sends webhooks about past events of a group or of an account's profile again."), common,
			codes(chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeNoReceiver, chat.CodeReplayFailed)),
		command(service, "get_webhook_status", getWebhookStatus,
			repeatable(), summary("Says how the delivery of webhooks stands."), codes(chat.CodeInternal)),
	}
}

type watchWebhookRequest struct {
	After       *uint64 `json:"After" desc:"Num of the last webhook that is known; 0, or more than there were: all that are kept" default:"0"`
	WaitSeconds *int    `json:"WaitSeconds" range:"0..2" desc:"seconds to wait for a webhook where there is none yet" default:"0"`
}

type watchWebhookResponse struct {
	Webhooks []watchedWebhook `json:"Webhooks" desc:"webhooks, the oldest first; kept are the newest 1000, while somebody asks once a minute"`
	Next     uint64           `json:"Next" desc:"After of the next call"`
}

type watchedWebhook struct {
	Number    uint64         `json:"Num" desc:"number of the webhook, counted from 1 since the server started"`
	Time      int64          `json:"Time" desc:"when it was called, Unix milliseconds"`
	Command   string         `json:"CallbackCommand" desc:"command of the webhook"`
	Outcome   string         `json:"Outcome" desc:"ok; timeout; answered: not with status 200; failed; off: commands does not name it; dropped: given up" values:"ok,timeout,answered,failed,off,dropped"`
	RequestID string         `json:"RequestID" desc:"UUID, the same whenever the same event is told again"`
	ClientIP  string         `json:"ClientIP,omitzero" desc:"address of who caused the event; absent where nobody did"`
	Platform  string         `json:"OptPlatform,omitzero" desc:"RESTAPI; absent where nobody caused the event"`
	Body      jsontext.Value `json:"Body" desc:"the webhook's body, an object"`
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
	GroupID  *string  `json:"GroupId" desc:"id of the group, with all its topics; this or UserID is needed"`
	UserID   *string  `json:"UserID" desc:"account whose profile's events are sent, instead of a group's"`
	FromTime *int64   `json:"FromTime" desc:"time of the first events, Unix seconds, 0 or more" required:"true"`
	ToTime   *int64   `json:"ToTime" desc:"time of the last events, included, Unix seconds, not before FromTime" required:"true"`
	Commands []string `json:"Commands" desc:"commands of the webhooks to send; absent or empty: all"`
	Next     *string  `json:"Next" desc:"empty for the first call, then Next of the answer before"`
}

type replayWebhookResponse struct {
	Sent int    `json:"SentNum" desc:"webhooks that this call has sent"`
	Next string `json:"Next" desc:"Next of the following call; empty once all were sent"`
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
	LaneNum       int    `json:"LaneNum" desc:"groups, topics and accounts with something to deliver"`
	OldestSeconds int64  `json:"OldestSeconds" desc:"age of the oldest event that waits, seconds; 0: none does"`
	ToldNum       uint64 `json:"ToldNum" desc:"events delivered since the server started"`
	GivenUpNum    uint64 `json:"GivenUpNum" desc:"events given up since the server started"`
}

func getWebhookStatus(_ context.Context, call *Call, _ *struct{}) (*getWebhookStatusResponse, error) {
	d := call.App.Chat.Deliveries()
	return &getWebhookStatusResponse{
		LaneNum: d.Lanes, OldestSeconds: int64(d.Oldest / time.Second), ToldNum: d.Told, GivenUpNum: d.GivenUp,
	}, nil
}
